// SPDX-License-Identifier: MIT
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>

namespace dbup {

/// The number of a file that is open, until the end of the scope.
class OpenFile {
public:
    explicit OpenFile(int number) : number_{number} {}
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    ~OpenFile();
    [[nodiscard]] int number() const { return number_; }

private:
    int number_;
};

/// A file that is to be there as a whole, or not at all.
struct FileToBe {
    std::string path = {};
    std::string_view text = {};
    mode_t mode = S_IRUSR | S_IWUSR; ///< whatever umask says
    bool replace = false;            ///< another file of that name may be there
    bool lasting = true;             ///< it is on the disk before it gets its name
};

/// A file under a temporary name in the same folder; gone again unless it got its own.
/// \throws Failure{local} that names the file and the reason
class Draft {
public:
    explicit Draft(const FileToBe& file);
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;
    ~Draft();

    /// Gives the file its name. \throws as above
    void publish();

private:
    void fill(int target, const FileToBe& file) const;
    /// For file systems that cannot rename without replacing.
    [[nodiscard]] bool publish_by_link() const;
    void remove();

    std::string path_;
    bool replace_;
    std::string name_;
    OpenFile folder_;
    std::string temporary_;
    bool lasting_;
    bool made_ = false;
};

} // namespace dbup
