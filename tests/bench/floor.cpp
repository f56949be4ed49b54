// SPDX-License-Identifier: MIT
// The least that a check can cost with libpq: connect, SELECT 1, print, exit.
// usage: floor CONNINFO [SQL]; with --version as its only argument it just starts.
#include <libpq-fe.h>

#include <cstdio>
#include <cstring>

int main(int argc, char** argv)
{
    if (argc != 2 && argc != 3) {
        return 3;
    }
    if (std::strcmp(argv[1], "--version") == 0) {
        return std::printf("libpq %d\n", PQlibVersion()) > 0 ? 0 : 3;
    }
    PGconn* const connection = PQconnectdb(argv[1]);
    if (PQstatus(connection) != CONNECTION_OK) {
        std::fprintf(stderr, "%s", PQerrorMessage(connection));
        return 2;
    }
    PGresult* const result = PQexec(connection, argc == 3 ? argv[2] : "SELECT 1");
    const bool fine = PQresultStatus(result) == PGRES_TUPLES_OK;
    std::printf("%s %d\n", fine ? "OK" : "CRITICAL", PQntuples(result));
    PQclear(result);
    PQfinish(connection);
    return fine ? 0 : 2;
}
