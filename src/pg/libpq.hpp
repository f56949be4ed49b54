// SPDX-License-Identifier: MIT
// The only place that sees libpq-fe.h; included by files of this room only.
#pragma once

#include <libpq-fe.h>

#include <memory>

namespace dbup {

/// Frees a C handle by the function in its type: costs no space and cannot be forgotten.
template <auto release>
struct FreeWith {
    template <class Handle>
    void operator()(Handle* handle) const noexcept
    {
        release(handle);
    }
};

using Connection = std::unique_ptr<PGconn, FreeWith<&PQfinish>>;
using Result = std::unique_ptr<PGresult, FreeWith<&PQclear>>;
using Cancel = std::unique_ptr<PGcancel, FreeWith<&PQfreeCancel>>;
using ConninfoOptions = std::unique_ptr<PQconninfoOption, FreeWith<&PQconninfoFree>>;
using LibpqText = std::unique_ptr<char, FreeWith<&PQfreemem>>;

static_assert(sizeof(Connection) == sizeof(PGconn*));

/// The first libpq that knows require_auth and sslrootcert=system.
inline constexpr int libpq_16 = 160'000;

} // namespace dbup
