// A configuration file as flat text: one value for each key. Structure and unknown keys are refused
// here, with one line that names key and file; what a value means is the setting's business.
#pragma once

#include <map>
#include <set>
#include <string>

namespace higuma::config {

// Throws StartupError when the file cannot be read, is no TOML, or has a key that is not in
// `known`.
std::map<std::string, std::string> read_toml_file(const std::string& path,
                                                  const std::set<std::string>& known);

}  // namespace higuma::config
