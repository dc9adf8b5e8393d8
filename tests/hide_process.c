/*
 * A shared object for tests of hidden processes: in a program that is started with it in
 * LD_PRELOAD, a listing of a folder leaves out the one name that DAVY_DRILL_HIDE says. It is never
 * installed.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* Programs call either, whatever they were compiled for; of 64-bit systems both are the same. */
struct dirent *hide_in_readdir(DIR *folder) __asm__("readdir");
struct dirent *hide_in_readdir64(DIR *folder) __asm__("readdir64");

struct dirent *hide_in_readdir64(DIR *folder)
{
	struct dirent *(*original)(DIR *) = NULL;
	const char *hidden = getenv("DAVY_DRILL_HIDE");
	struct dirent *entry;

	*(void **)&original = dlsym(RTLD_NEXT, "readdir64");
	do {
		entry = original ? original(folder) : NULL;
	} while (entry && hidden && strcmp(entry->d_name, hidden) == 0);
	return entry;
}

struct dirent *hide_in_readdir(DIR *folder)
{
	return hide_in_readdir64(folder);
}
