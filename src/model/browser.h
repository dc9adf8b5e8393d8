/*
 * What a process is to a browser. A page runs in a process of its own, which can be ended alone;
 * the browser's other processes are all windows of all pages.
 */
#ifndef DAVY_MODEL_BROWSER_H
#define DAVY_MODEL_BROWSER_H

#include <stdbool.h>
#include <stddef.h>
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

enum { PAGE_SITE_TEXT_MAX = 288, PAGE_SITES_TOLD = 3 };

/* Scheme, host and port, nothing else of an address: "https://mine.example:8080". */
struct page_site {
	char text[PAGE_SITE_TEXT_MAX]; /* printable, not terminated */
	uint16_t len;
	bool is_opaque;	  /* what runs is kept from its own site: a sandbox */
	uint32_t records; /* the browser's own, of documents and workers */
};

/* Of whom pages run in a process: decode/memory/page_site. */
struct page_sites {
	struct page_site at[PAGE_SITES_TOLD]; /* those with most records first */
	size_t count, total;		      /* told here; found */
	bool is_clear;			      /* there is no other than the first */
};

#endif
