/*
 * Which process of a browser this is: from its arguments and from who started it.
 *
 * Chromium and what is made of it (Chrome, Edge, Brave, Electron's programs) tell each process its
 * part with --type= as the first option. A page's process is forked by a zygote, which writes the
 * arguments as one text with blanks; others have a NUL between. Firefox says -contentproc, and
 * "tab" at the end.
 *
 * source: Chromium content/public/common/content_switches.cc, base/process/set_process_title.cc;
 * Firefox dom/ipc/ContentParent.cpp, toolkit/xre/nsEmbedFunctions.cpp; both looked at on Debian 12
 */
#ifndef DAVY_DECODE_PROC_BROWSER_H
#define DAVY_DECODE_PROC_BROWSER_H

#include "base/str.h"
#include "model/browser.h"
#include "model/process.h"

/*
 * By the arguments alone, which a process writes itself: enough where a mistake spares nobody.
 *
 * arguments: with NULs or blanks between
 */
enum browser_role proc_browser_role(struct str arguments);

/* Does this file carry the name of a browser? Names are for telling, and for sparing. */
bool proc_browser_is_named(struct str path);

/*
 * With the chain of parents: a page's process runs the very program that the browser runs, and that
 * one is among its parents, by the link to its file or, where that could not be read, by its first
 * argument. Who goes to these lengths to be taken for a page is told of as one, and judged by the
 * same signs.
 */
void proc_browser_read(const struct process *process, struct browser_process *out);

#endif
