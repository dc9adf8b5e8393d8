/* `davy lists`: lists of pools in the words of others. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lists/block_list.h"
#include "model/incident_json.h"
#include "programs/commands.h"
#include "programs/list_files.h"
#include "programs/options.h"
#include "programs/view.h"

enum { FORMAT, FOUND, STORE, CONFIG };

static const struct command_option lists_options[] = {
	[FORMAT] = {"format", "FORMAT",
		    "plain (the default), hosts, dnsmasq, unbound, rpz, squid, nft, adblock",
		    "plain hosts dnsmasq unbound rpz squid nft adblock"},
	[FOUND] = {"found", NULL, "also the pools of incidents in the store that are mining"},
	[STORE] = {"store", "PATH", "another store than the one in the settings", COMMAND_FILES},
	[CONFIG] = {"config", "FILE", "another settings file than " SETTINGS_DEFAULT_PATH,
		    COMMAND_FILES},
	{0},
};

struct listing {
	const struct block_format *format;
	bool wants_found;
	struct view view;
	struct pool_list_builder builder;
	uint32_t found, unusable;
	bool has_trouble;
};

static void tell_trouble(void *context, const char *path, const char *why)
{
	struct listing *listing = context;

	(void)path;
	if (why[0] == '\0')
		return;
	listing->has_trouble = true;
	view_trouble(why);
}

/*
 * What an incident calls a pool came from the wire: it is read as strictly as a line of a file, so
 * that nothing but a name or an address gets any further.
 */
static bool take_incident(void *context, struct str json)
{
	struct listing *listing = context;
	char name[POOL_NAME_MAX + 1];
	struct incident incident;
	struct pool_entry entry;

	arena_reset(&listing->view.arena);
	if (incident_from_json(json, &listing->view.arena, &incident, NULL) != 0) {
		listing->unusable++;
		return true;
	}
	for (size_t i = 0; i < incident.pool_count; i++) {
		if (!pool_entry_parse(incident.pools[i], name, &entry, NULL) ||
		    entry.kind == POOL_SHARED || (entry.kind == POOL_NETWORK && entry.prefix < 128))
			listing->unusable++;
		else if (pool_list_add_entry(&listing->builder, &entry) == 0)
			listing->found++;
		else
			listing->unusable++;
	}
	return true;
}

static void take_found(struct listing *listing)
{
	struct store_filter filter = {
		.since.ns = INT64_MIN, .has_verdict = true, .verdict = VERDICT_MINING};
	CLEANUP(buf_fini) struct buf day = {0};
	struct error why = {0};

	buf_add_instant(&day, listing->view.now);
	int r = pool_list_begin(&listing->builder, STR("found by davy"),
				str_sub(buf_view(&day), 0, 10));
	if (r < 0)
		error_set(&why, r, "no room for the pools that were found: fewer lists are needed");
	if (r == 0)
		r = store_each_incident(listing->view.store, &filter, take_incident, listing, &why);
	if (r < 0)
		tell_trouble(listing, "", why.text);
	if (listing->unusable > 0)
		fprintf(stderr,
			"davy: left out pools in the store that are no names or addresses: "
			"%u\n",
			listing->unusable);
	if (listing->found > 0)
		fprintf(stderr,
			"davy: written as davy found them: %u; look through them first, names "
			"are as the miners' traffic said them\n",
			listing->found);
}

static void tell_left_out(const struct listing *listing, const struct block_counts *counts)
{
	if (counts->unsaid > 0)
		fprintf(stderr, "davy: left out what %s has no words for: %u\n",
			listing->format->name, counts->unsaid);
	if (counts->shared > 0)
		fprintf(stderr, "davy: left out addresses that many services share: %u\n",
			counts->shared);
}

static int write_list(struct listing *listing)
{
	CLEANUP(buf_fini) struct buf blob = {0};
	struct pool_list list;

	if (pool_list_seal(&listing->builder, &blob) < 0 ||
	    !pool_list_open(buf_view(&blob), &list)) {
		view_trouble("not enough memory for the lists");
		return EXIT_TROUBLE;
	}
	struct block_counts counts =
		block_list_write(listing->format, &list, listing->view.now, &listing->view.out);
	view_flush(&listing->view);
	tell_left_out(listing, &counts);
	return listing->has_trouble ? EXIT_TROUBLE : EXIT_NOTHING_FOUND;
}

static bool open_view(struct listing *listing)
{
	if (listing->wants_found)
		return view_open(&listing->view);
	return view_open_without_store(&listing->view);
}

static void tell_no_list(struct listing *listing)
{
	struct error why = {0};
	char folder[PATH_MAX];

	list_files_folder(folder);
	if (settings_bool(listing->view.settings, "lists.shipped"))
		error_set(&why, 0,
			  "no lists: none came with davy to %.300s, and the setting lists.pools "
			  "names none; name a FILE, or install davy",
			  folder);
	else
		error_set(&why, 0,
			  "no lists: the settings say lists.shipped: false, and lists.pools names "
			  "none; name a FILE");
	tell_trouble(listing, "", why.text);
}

static int run(struct listing *listing, int argc, char **argv)
{
	struct error why = {0};

	if (!open_view(listing))
		return EXIT_TROUBLE;
	if (argc == 0 &&
	    list_files_read(listing->view.settings, &listing->builder, tell_trouble, listing) ==
		    0 &&
	    !listing->wants_found) {
		tell_no_list(listing);
		return EXIT_TROUBLE;
	}
	for (int i = 0; i < argc; i++)
		if (list_file_read(argv[i], &listing->builder, &why) < 0)
			tell_trouble(listing, argv[i], why.text);
	if (listing->wants_found)
		take_found(listing);
	return write_list(listing);
}

static int lists_run(const struct command *command, int argc, char **argv)
{
	struct listing listing = {.format = &block_formats[0]};
	struct options options = {command, argc, argv, EXIT_TROUBLE};
	const char *value = NULL;
	int option;

	while ((option = options_next(&options, &value)) >= 0) {
		if (option == FORMAT)
			listing.format = block_format_find(str_from(value));
		else if (option == FOUND)
			listing.wants_found = true;
		else if (option == STORE)
			listing.view.store_path = value;
		else
			listing.view.config = value;
		if (!listing.format)
			return options_mistake(command, "there is no format %s", value);
	}
	if (option == OPTIONS_STOP)
		return options.status;
	int status = run(&listing, argc - options_rest(), argv + options_rest());
	pool_list_builder_fini(&listing.builder);
	return view_close(&listing.view, status);
}

extern const struct command lists_command;
const struct command lists_command = {
	.name = "lists",
	.summary = "write block lists for DNS, firewalls, proxies and browsers",
	.usage = "[OPTION]... [FILE]...",
	.options = lists_options,
	.text = "From the lists that came with davy and those of the setting lists.pools; from the "
		"FILEs alone\nwhen there are any. Nothing is looked up and nothing is blocked by "
		"this "
		"command.\nExits with 0, or 2 when a list or the store could not be read.\n",
	.example = "  davy lists --format unbound > /etc/unbound/unbound.conf.d/pools.conf\n"
		   "  davy lists --format nft --found | less\n",
	.arguments = COMMAND_FILES,
	.run = lists_run,
};
