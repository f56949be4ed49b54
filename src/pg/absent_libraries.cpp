// SPDX-License-Identifier: MIT
// What libpq.a asks of the libraries for Kerberos and LDAP, where they are not linked: every call
// fails at once. Nothing of it is called unless a server asks for GSSAPI or a service file names an
// LDAP server: encryption by GSSAPI is always switched off (pg/login.cpp).
//
// The types are those of the calling convention only, so that no headers are needed.
#include <cstddef>

extern "C" {

struct GssBuffer {
    std::size_t length; // cppcheck-suppress unusedStructMember
    const char* value;  // cppcheck-suppress unusedStructMember
};

using GssStatus = unsigned int;

// NOLINTBEGIN(misc-definitions-in-headers,readability-identifier-naming,readability-function-size):
// names and calls of other libraries
extern const void* const GSS_C_NT_HOSTBASED_SERVICE;
const void* const GSS_C_NT_HOSTBASED_SERVICE = nullptr;

#define DBUP_ABSENT(type, name, answer)                                                            \
    type name();                                                                                   \
    type name()                                                                                    \
    {                                                                                              \
        return answer;                                                                             \
    }

constexpr GssStatus unavailable = 16U << 16U; // GSS_S_UNAVAILABLE
constexpr GssStatus complete = 0;
constexpr int ldap_error = -1;

DBUP_ABSENT(GssStatus, gss_acquire_cred, unavailable)
DBUP_ABSENT(GssStatus, gss_import_name, unavailable)
DBUP_ABSENT(GssStatus, gss_init_sec_context, unavailable)
DBUP_ABSENT(GssStatus, gss_unwrap, unavailable)
DBUP_ABSENT(GssStatus, gss_wrap, unavailable)
DBUP_ABSENT(GssStatus, gss_wrap_size_limit, unavailable)
DBUP_ABSENT(GssStatus, gss_delete_sec_context, complete)
DBUP_ABSENT(GssStatus, gss_release_buffer, complete)
DBUP_ABSENT(GssStatus, gss_release_cred, complete)
DBUP_ABSENT(GssStatus, gss_release_name, complete)

DBUP_ABSENT(void*, ldap_init, nullptr)
DBUP_ABSENT(void*, ldap_first_entry, nullptr)
DBUP_ABSENT(void*, ldap_get_values_len, nullptr)
DBUP_ABSENT(int, ldap_count_entries, 0)
DBUP_ABSENT(int, ldap_msgfree, 0)
DBUP_ABSENT(int, ldap_result, ldap_error)
DBUP_ABSENT(int, ldap_search_st, ldap_error)
DBUP_ABSENT(int, ldap_set_option, ldap_error)
DBUP_ABSENT(int, ldap_simple_bind, ldap_error)
DBUP_ABSENT(int, ldap_unbind, 0)
DBUP_ABSENT(void, ldap_value_free_len, )

const char* ldap_err2string(int error);
const char* ldap_err2string(int /*error*/)
{
    return "this build of db-up has no LDAP";
}

/// Asked for the words of an error; a null context means that there are no more.
GssStatus gss_display_status(GssStatus* minor,
                             GssStatus status,
                             int type,
                             void* mechanism,
                             GssStatus* context,
                             GssBuffer* words);
GssStatus gss_display_status(GssStatus* minor,
                             GssStatus /*status*/,
                             int /*type*/,
                             void* /*mechanism*/,
                             GssStatus* context,
                             GssBuffer* words)
{
    static constexpr char text[] = "this build of db-up has no Kerberos";
    *minor = 0;
    *context = 0;
    *words = {sizeof text - 1, text};
    return complete;
}
// NOLINTEND(misc-definitions-in-headers,readability-identifier-naming,readability-function-size)

} // extern "C"
