/*
 * /proc/PID/maps, line by line, and what a link or path of the kernel says of the file behind it.
 *
 * Only '\n' is escaped in these paths, as \012, and a backslash is not: a file may be called
 * "a\012b" as well. So paths stay as they were written; whoever opens one has the inode to check.
 *
 * source: proc(5); Linux fs/proc/task_mmu.c show_map_vma, fs/d_path.c
 */
#ifndef DAVY_DECODE_PROC_MAPS_H
#define DAVY_DECODE_PROC_MAPS_H

#include <stdbool.h>

#include "base/str.h"
#include "model/process.h"

/*
 * The next mapping; lines that are no mapping are passed over.
 *
 * rest:    the text not yet read; a last line without its end (the read was cut) is not taken
 * out:     path is a view into the text, without " (deleted)"; "[anon:name]" and the like stay
 * returns: false when there is none any more
 */
bool proc_maps_next(struct str *rest, struct mapping *out);

/* "/usr/bin/x (deleted)" -> "/usr/bin/x" and true. What is called so and is there, is told alike.
 */
bool proc_path_is_deleted(struct str *path);

/* "/memfd:name": only the kernel makes such a path, of a file that has no other name. */
bool proc_path_is_memfd(struct str path);

/*
 * What the link /proc/PID/exe says: path and EXECUTABLE_DELETED, EXECUTABLE_MEMFD. The rest of
 * `out` is left alone.
 */
void proc_executable_link_read(struct str link, struct executable *out);

#endif
