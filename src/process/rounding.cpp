// SPDX-License-Identifier: MIT
// The rounding of floating-point numbers is never changed in this program: it is "to nearest", as
// at every start. libstdc++'s std::from_chars() names these two functions beside the part of it
// that is used, and for their sake alone the whole of libm would be loaded at every start. They
// must be in the program itself: the linker looks there first.
#include <cfenv>

int fegetround() noexcept
{
    return FE_TONEAREST;
}

int fesetround(int /*to nearest*/) noexcept
{
    return 0;
}
