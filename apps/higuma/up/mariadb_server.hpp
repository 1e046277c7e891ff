// The private mariadbd of `higuma up`: its folder is made once, and it serves a Unix socket and one
// loopback port. No system service is touched.
#pragma once

#include "process/child.hpp"
#include "store/database.hpp"
#include "up/data_folder.hpp"

namespace higuma::app {

// Throws StartupError when mariadbd or mariadb-install-db is missing.
void require_mariadb_programs();

// Makes the data folder if it is not there, completely or not at all.
// Throws StartupError with the program's own words.
void initialize_mariadb(const DataFolder& folder);

// How to reach it, with the user and password that the init file sets at each start.
store::DatabaseConfig mariadb_settings(DataFolder& folder);

// Writes the init file and tells how to run it.
ChildSpec mariadb_child(DataFolder& folder, const store::DatabaseConfig& settings);

}  // namespace higuma::app
