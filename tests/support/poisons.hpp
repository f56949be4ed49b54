// SPDX-License-Identifier: MIT
// Texts that are made to be misread, and what may come out where they went in.
#pragma once

#include <string>
#include <vector>

#include "support/process.hpp"
#include "support/status_line.hpp"

namespace dbup_test {

struct Poison {
    std::string says = {};
    std::string text = {};
};

/// The password of the run, which some of them hold, in several writings.
std::string poison_secret();

const std::vector<Poison>& poisons();

/// The short ones in one text, and the long ones.
const std::vector<Poison>& cocktails();

/// The line of a run with the usual output. Checks that neither it nor the output of the same run
/// with -vv has anything that a host, a terminal or a web interface may misread, or the secret.
StatusLine read_both(const Finished& usual, const Finished& verbose);

} // namespace dbup_test
