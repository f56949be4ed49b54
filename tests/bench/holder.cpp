// SPDX-License-Identifier: MIT
// Opens sessions and holds them until stdin ends: holder COUNT CONNINFO [SQL]. Each runs SQL once,
// for example "BEGIN; LOCK TABLE …". Prints how many are open.
#include <libpq-fe.h>

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv)
{
    if (argc < 3) {
        return 2;
    }
    const int wanted = std::atoi(argv[1]);
    int open = 0;
    for (int i = 0; i < wanted; ++i) {
        PGconn* const connection = PQconnectdb(argv[2]);
        open += PQstatus(connection) == CONNECTION_OK ? 1 : 0;
        if (argc > 3) {
            PQclear(PQexec(connection, argv[3]));
        }
    }
    std::printf("%d\n", open);
    std::fflush(stdout);
    for (char byte = 0; read(STDIN_FILENO, &byte, 1) > 0;) {
    }
    return 0;
}
