// Finds files of the project for tests that read them. From the test program's own place, since a
// compiler cache may make the paths of sources relative.
#pragma once

#include <filesystem>
#include <stdexcept>

namespace higuma::test {

inline std::filesystem::path project_root() {
    const auto program = std::filesystem::read_symlink("/proc/self/exe");
    for (auto folder = program.parent_path(); folder.has_relative_path();
         folder = folder.parent_path()) {
        if (std::filesystem::exists(folder / "CMakePresets.json")) return folder;
    }
    throw std::runtime_error("no project above " + program.string());
}

}  // namespace higuma::test
