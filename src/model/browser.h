/*
 * What a process is to a browser. A page runs in a process of its own, which can be ended alone;
 * the browser's other processes are all windows of all pages.
 */
#ifndef DAVY_MODEL_BROWSER_H
#define DAVY_MODEL_BROWSER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum browser_role {
	BROWSER_NONE,
	BROWSER_PAGE,	   /* runs pages: a tab, or a few of one site */
	BROWSER_EXTENSION, /* runs extensions, which no tab shows */
	BROWSER_PART,	   /* graphics, network ... of a browser */
};

enum browser_engine { ENGINE_CHROMIUM, ENGINE_FIREFOX };

/* Texts are views of the process's, or constant. */
struct browser_process {
	enum browser_role role; /* BROWSER_NONE: the rest is empty */
	enum browser_engine engine;
	struct str name;    /* "Chromium"; of a program we do not know, its file's name */
	struct str profile; /* folder or name, as the browser was told; empty: its default one */
	uint32_t main_pid;  /* the browser's own process; never 0 */
};

#endif
