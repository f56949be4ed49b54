// SPDX-License-Identifier: MIT
// HMAC_Init_ex() as libpq finds it in this program: in front of OpenSSL's, which it calls. In the
// dynamic builds the program's functions come first wherever a library asks for one by this name;
// in the static build the linker renames both (--wrap).
#include "pg/kept_key.hpp"

#include <dlfcn.h>

extern "C" {

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): names of others
#ifdef DBUP_WRAPS
int __real_HMAC_Init_ex(HMAC_CTX*, const void*, int, const EVP_MD*, ENGINE*);
int __wrap_HMAC_Init_ex(HMAC_CTX*, const void*, int, const EVP_MD*, ENGINE*);

int __wrap_HMAC_Init_ex(
    HMAC_CTX* context, const void* key, int size, const EVP_MD* digest, ENGINE* engine)
{
    return dbup::hmac_init({context, key, size, digest, engine}, &__real_HMAC_Init_ex);
}
#else
[[gnu::visibility("default")]] int
HMAC_Init_ex(HMAC_CTX*, const void*, int, const EVP_MD*, ENGINE*);

int HMAC_Init_ex(HMAC_CTX* context, const void* key, int size, const EVP_MD* digest, ENGINE* engine)
{
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): so says dlsym(3)
    static const auto original = reinterpret_cast<dbup::HmacInit>(dlsym(RTLD_NEXT, "HMAC_Init_ex"));
    return original == nullptr ? 0
                               : dbup::hmac_init({context, key, size, digest, engine}, original);
}
#endif
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
}
