// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

namespace dbup_test {

struct KeyPair {
    std::filesystem::path certificate = {};
    std::filesystem::path key = {}; // mode 0600
};

struct CertificateRequest {
    std::string file = {};        // base name of the files to make
    std::string common_name = {}; // also a role's name in a client certificate
    std::string names = {};       // subjectAltName, for example "DNS:localhost,IP:127.0.0.1"
    int days = 80;                // until expiry; negative: expired that long ago
    int from_days = -1;           // from now on until it is valid; not for expired ones
    bool authority = false;
};

/// Makes EC P-256 certificates in the sandbox; signed by themselves without an issuer.
KeyPair make_certificate(const CertificateRequest& request);
KeyPair make_certificate(const CertificateRequest& request, const KeyPair& issuer);

} // namespace dbup_test
