// SPDX-License-Identifier: MIT
// Loaded into a program before OpenSSL (LD_PRELOAD): each time that a key is taken up again
// (HMAC_Init_ex() without one), a byte is added to the file that COUNTED_KEYS names.
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace {

// At the start: db-up forgets its environment.
const std::string& file()
{
    static const std::string name = std::getenv("COUNTED_KEYS");
    return name;
}

[[gnu::constructor]] void begin()
{
    file();
}

} // namespace

extern "C" int HMAC_Init_ex(void*, const void*, int, const void*, void*);

extern "C" int
HMAC_Init_ex(void* context, const void* key, int size, const void* digest, void* engine)
{
    using Init = int (*)(void*, const void*, int, const void*, void*);
    static const auto next = reinterpret_cast<Init>(dlsym(RTLD_NEXT, "HMAC_Init_ex"));
    static const int fd = open(file().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (key == nullptr && write(fd, "k", 1) != 1) {
        std::abort();
    }
    return next(context, key, size, digest, engine);
}
