/* Where what is shipped with davy lies: lists of pools, Sigma rules and mappings. */
#ifndef DAVY_PROGRAMS_SHIPPED_FOLDER_H
#define DAVY_PROGRAMS_SHIPPED_FOLDER_H

#include <limits.h>

/*
 * Where `make install` put it; of a davy that runs where it was built, below the build folder.
 *
 * installed: below the folder of shared data, "" or "/rules"
 * built:     below the build folder, "/rules"
 */
void shipped_folder(const char *installed, const char *built, char path[PATH_MAX]);

#endif
