#include "programs/host_setup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decode/setup/command.h"
#include "decode/setup/remedy.h"
#include "source/host/setup_files.h"

enum {
	SUSPECTS_MAX = 8,
	PATHS_MAX = 6,	 /* of one suspect: its executable, and scripts of its parents */
	TRACES_MAX = 16, /* of one suspect */
	LOOKS_MAX = 64,	 /* programs and scripts looked into after a walk */
	TEXT_MAX = 300,	 /* of an entry, kept */
	ARENA_BYTES = 256 * 1024,
	SCRIPT_MAX = 256 * 1024,
	NODES = 512,
	EVERY_S = 60,
	ANSWER_LATE_S = 20,
};

struct suspect {
	struct str paths[PATHS_MAX]; /* in texts; the first is its executable */
	size_t path_count;
	uint64_t device, inode;
	struct str unit;
	struct setup_trace traces[TRACES_MAX];
	size_t trace_count;
	struct arena texts; /* of paths and unit */
	struct arena found; /* of traces: of this walk */
	bool is_new;
};

/* A program that an entry runs: perhaps another name of a suspect, or a script that leads there. */
struct pending_look {
	struct str path;
	struct setup_file file;
	struct setup_entry entry; /* texts in host_setup.texts */
};

struct host_setup {
	struct suspect suspects[SUSPECTS_MAX];
	size_t count, next; /* to be replaced */
	struct pending_look *looks;
	size_t look_count, look_at;
	struct arena texts; /* of looks; reset with each walk */
	struct buf text;
	struct setup_file file;
	struct json_node *nodes;
	instant walked, asked;
	bool is_walking, is_due, is_looking, is_beside;
	bool has_waiting; /* a suspect came while it walked for others */
	size_t beside;	  /* the suspect whose folder is gone through */
};

int host_setup_new(struct host_setup **out)
{
	struct host_setup *setup = calloc(1, sizeof(*setup));

	*out = setup;
	if (!setup)
		return -ENOMEM;
	setup->looks = calloc(LOOKS_MAX, sizeof(*setup->looks));
	setup->nodes = calloc(NODES, sizeof(*setup->nodes));
	bool failed = !setup->looks || !setup->nodes || arena_init(&setup->texts, ARENA_BYTES) < 0;
	for (size_t i = 0; i < SUSPECTS_MAX && !failed; i++)
		failed = arena_init(&setup->suspects[i].texts, 32 * 1024) < 0 ||
			 arena_init(&setup->suspects[i].found, 64 * 1024) < 0;
	if (!failed)
		return 0;
	host_setup_free(setup);
	*out = NULL;
	return -ENOMEM;
}

void host_setup_free(struct host_setup *setup)
{
	if (!setup)
		return;
	for (size_t i = 0; i < SUSPECTS_MAX; i++) {
		arena_fini(&setup->suspects[i].texts);
		arena_fini(&setup->suspects[i].found);
	}
	arena_fini(&setup->texts);
	buf_fini(&setup->text);
	free(setup->looks);
	free(setup->nodes);
	free(setup);
}

/* -- suspects -- */

static bool is_systems_own(struct str path)
{
	static const struct str folders[] = {
		STR("/usr/bin/"), STR("/usr/sbin/"), STR("/bin/"),
		STR("/sbin/"),	  STR("/usr/lib/"),  STR("/lib/"),
		STR("/proc/"),	  STR("/dev/null"),  STR("/etc/init.d/")};

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		if (str_starts(path, folders[i]))
			return true;
	return false;
}

static void add_path(struct suspect *s, struct str path)
{
	if (path.len < 2 || path.at[0] != '/' || s->path_count == PATHS_MAX)
		return;
	for (size_t i = 0; i < s->path_count; i++)
		if (str_equal(s->paths[i], path))
			return;
	struct str copy = arena_copy(&s->texts, path);
	if (copy.len > 0)
		s->paths[s->path_count++] = copy;
}

/* Scripts and programs of its own among what its parents were started with: a guard that starts it
 * again is what has to go. */
static void add_parents(struct suspect *s, const struct process *p)
{
	struct str rest, word;

	for (size_t i = 0; i < p->ancestor_count; i++) {
		const struct ancestor *a = &p->ancestors[i];
		if (a->key.pid == 1)
			break;
		if (!is_systems_own(a->executable))
			add_path(s, a->executable);
		rest = a->arguments;
		while (rest.len > 0) {
			(void)str_cut(rest, ' ', &word, &rest);
			if (word.len > 0 && word.at[0] == '/' && !is_systems_own(word))
				add_path(s, word);
		}
	}
}

static struct suspect *find(const struct host_setup *setup, const struct process *p)
{
	for (size_t i = 0; i < setup->count; i++) {
		const struct suspect *s = &setup->suspects[i];
		if (str_equal(s->paths[0], p->executable.path) && s->inode == p->executable.inode &&
		    str_equal(s->unit, p->cgroup.unit))
			return (struct suspect *)s;
	}
	return NULL;
}

void host_setup_want(struct host_setup *setup, const struct process *p, instant now)
{
	struct suspect *s = find(setup, p);

	if (s) {
		setup->is_due |= instant_since(now, setup->walked).ns >= DURATION_S(EVERY_S).ns;
		return;
	}
	if (p->executable.path.len == 0)
		return;
	if (setup->is_walking) {
		setup->has_waiting = true;
		return;
	}
	s = &setup->suspects[setup->next];
	setup->next = (setup->next + 1) % SUSPECTS_MAX;
	setup->count += setup->count < SUSPECTS_MAX;
	arena_reset(&s->texts);
	s->path_count = s->trace_count = 0;
	s->device = p->executable.device;
	s->inode = p->executable.inode;
	s->unit = arena_copy(&s->texts, p->cgroup.unit);
	add_path(s, p->executable.path);
	add_parents(s, p);
	s->is_new = true;
	setup->is_due = true;
}

size_t host_setup_traces(const struct host_setup *setup, const struct process *process,
			 struct arena *arena, const struct setup_trace **out)
{
	const struct suspect *s = find(setup, process);
	struct setup_trace *traces =
		s ? arena_take(arena, sizeof(*traces) * (s->trace_count + 1)) : NULL;

	*out = traces;
	for (size_t i = 0; traces && i < s->trace_count; i++) {
		traces[i] = s->traces[i];
		traces[i].place = arena_copy(arena, s->traces[i].place);
		traces[i].text = arena_copy(arena, s->traces[i].text);
		traces[i].remove = arena_copy(arena, s->traces[i].remove);
		traces[i].undo = arena_copy(arena, s->traces[i].undo);
		traces[i].command = arena_copy(arena, s->traces[i].command);
	}
	return traces ? s->trace_count : 0;
}

/* -- matching -- */

static void add_trace(struct suspect *s, const struct setup_file *file,
		      const struct setup_entry *entry, bool leads)
{
	const enum setup_form form = (enum setup_form)file->form;
	struct setup_trace trace = {.kind = setup_form_name(form), .leads_here = leads};
	CLEANUP(buf_fini) struct buf path = {0};

	if (s->trace_count == TRACES_MAX)
		return;
	buf_add_printable(&path, setup_file_path(file), SETUP_PATH_MAX);
	trace.place = arena_printf(&s->found, "%.*s:%u", STR_ARG(buf_view(&path)), entry->line);
	for (size_t i = 0; i < s->trace_count; i++)
		if (str_equal(s->traces[i].place, trace.place))
			return;
	trace.text = arena_copy(&s->found, str_sub(entry->text, 0, TEXT_MAX));
	trace.when = entry->act == SETUP_RUNS && str_starts(entry->when, STR("*"))
			     ? SETUP_EVERY_MINUTES
			     : SETUP_SOMETIMES;
	trace.marks = command_marks(entry->command);
	trace.command = arena_copy(&s->found, str_sub(entry->command, 0, TEXT_MAX));
	struct setup_remedy remedy =
		setup_remedy_of(form, setup_file_path(file), file->mode & 07777, entry, &s->found);
	trace.remove = remedy.command;
	trace.undo = remedy.undo;
	s->traces[s->trace_count++] = trace;
}

static bool is_unit_of(const struct suspect *s, const struct setup_file *file,
		       const struct setup_entry *entry)
{
	struct str path = setup_file_path(file);

	if (file->form != SETUP_UNIT || s->unit.len == 0 || !str_ends(s->unit, STR(".service")) ||
	    !str_equal(entry->key, STR("ExecStart")) || !str_ends(path, s->unit) ||
	    path.len <= s->unit.len || path.at[path.len - s->unit.len - 1] != '/')
		return false;
	/* what packages bring (cron, ssh, a runtime) starts others' processes as well */
	return str_starts(path, STR("/etc/")) || str_starts(path, STR("/run/")) || file->is_home ||
	       str_starts(path, STR("/usr/local/"));
}

static bool leads_to(const struct suspect *s, struct str command)
{
	for (size_t i = 0; i < s->path_count; i++)
		if (command_leads_to(command, s->paths[i]))
			return true;
	return false;
}

/* What it runs is looked at after the walk: a link, or a script. */
static void remember_programs(struct host_setup *setup, const struct setup_file *file,
			      const struct setup_entry *entry)
{
	struct command_reader reader;
	struct command_word word;

	command_begin(&reader, entry->command);
	while (command_program_next(&reader, &word)) {
		struct str path = str_of(word.at, word.len);
		if (is_systems_own(path) || setup->look_count == LOOKS_MAX)
			continue;
		struct pending_look *look = &setup->looks[setup->look_count];
		look->path = arena_copy(&setup->texts, path);
		look->entry = *entry;
		look->entry.text = arena_copy(&setup->texts, str_sub(entry->text, 0, TEXT_MAX));
		look->entry.command =
			arena_copy(&setup->texts, str_sub(entry->command, 0, TEXT_MAX));
		look->entry.when = str_starts(entry->when, STR("*")) ? STR("*") : STR("");
		look->entry.key =
			str_equal(entry->key, STR("ExecStart")) ? STR("ExecStart") : STR("");
		look->file = *file;
		setup->look_count += look->path.len > 0 && look->entry.text.len > 0;
	}
}

static void match_entry(struct host_setup *setup, const struct setup_file *file,
			const struct setup_entry *entry)
{
	bool is_taken = false;

	if (entry->act == SETUP_GRANTS || entry->act == SETUP_SETS || entry->act == SETUP_TIMES)
		return;
	for (size_t i = 0; i < setup->count; i++) {
		struct suspect *s = &setup->suspects[i];
		if (entry->act == SETUP_TUNES) {
			add_trace(s, file, entry, false);
			continue;
		}
		struct str command = entry->act == SETUP_ADMITS ? entry->when : entry->command;
		if (!leads_to(s, command) && !is_unit_of(s, file, entry))
			continue;
		add_trace(s, file, entry, true);
		is_taken = true;
	}
	if (!is_taken && entry->act == SETUP_RUNS && file->form != SETUP_PROFILE)
		remember_programs(setup, file, entry);
}

/* -- reading -- */

static bool read_text(struct host_setup *setup, int fd, size_t most)
{
	buf_clear(&setup->text);
	while (setup->text.len < most && buf_reserve(&setup->text, 65536)) {
		ssize_t got =
			pread(fd, setup->text.at + setup->text.len, 65536, (off_t)setup->text.len);
		if (got <= 0)
			break;
		setup->text.len += (size_t)got;
	}
	return setup->text.len > 0;
}

static void read_file(struct host_setup *setup, const struct setup_file *file, int fd)
{
	struct setup_reader reader;
	struct setup_entry entry;

	if (!read_text(setup, fd, SETUP_BYTES_MAX))
		return;
	if (file->form == SETUP_MINER) {
		if (setup->beside < setup->count &&
		    setup_miner_find(buf_view(&setup->text), setup->nodes, NODES, &entry))
			add_trace(&setup->suspects[setup->beside], file, &entry, false);
		return;
	}
	setup_begin(&reader, (enum setup_form)file->form, buf_view(&setup->text));
	while (setup_next(&reader, &entry))
		match_entry(setup, file, &entry);
}

/* Is it the suspect by another name, or a script that leads to it? */
static void read_look(struct host_setup *setup, const struct setup_file *file, int fd)
{
	const struct pending_look *look = &setup->looks[setup->look_at];
	bool is_read = false;

	for (size_t i = 0; i < setup->count; i++) {
		struct suspect *s = &setup->suspects[i];
		bool is_same = s->inode && file->inode == s->inode && file->device == s->device;
		if (!is_same && fd >= 0 && file->size <= SCRIPT_MAX) {
			is_read = is_read || read_text(setup, fd, SCRIPT_MAX);
			is_same = is_read && str_find_byte(buf_view(&setup->text), '\0') < 0 &&
				  leads_to(s, buf_view(&setup->text));
		}
		if (is_same)
			add_trace(s, &look->file, &look->entry, true);
	}
}

/* -- asking -- */

static bool ask(struct host_setup *setup, struct channel *channel, uint32_t type,
		enum setup_request_kind kind, struct str path)
{
	setup->is_walking = setup_request_send(channel, type, kind, path) == 0;
	return setup->is_walking;
}

void host_setup_step(struct host_setup *setup, struct channel *channel, uint32_t type, instant now)
{
	if (setup->is_walking && instant_since(now, setup->asked).ns < DURATION_S(ANSWER_LATE_S).ns)
		return;
	if (!setup->is_due && !setup->is_walking)
		return;
	setup->is_due = setup->is_looking = setup->is_beside = false;
	setup->walked = setup->asked = now;
	setup->look_count = setup->look_at = setup->beside = 0;
	arena_reset(&setup->texts);
	for (size_t i = 0; i < setup->count; i++) {
		setup->suspects[i].trace_count = 0;
		arena_reset(&setup->suspects[i].found);
	}
	(void)ask(setup, channel, type, SETUP_REQUEST_STARTERS, (struct str){0});
}

/* After the walk the programs, then the folders of the suspects; true: a request is out. */
static bool ask_more(struct host_setup *setup, struct channel *channel, uint32_t type)
{
	if (!setup->is_beside && setup->look_at < setup->look_count)
		return ask(setup, channel, type, SETUP_REQUEST_LOOK,
			   setup->looks[setup->look_at].path);
	if (setup->is_beside)
		setup->beside++;
	setup->is_beside = true;
	while (setup->beside < setup->count &&
	       is_systems_own(setup->suspects[setup->beside].paths[0]))
		setup->beside++;
	return setup->beside < setup->count && ask(setup, channel, type, SETUP_REQUEST_BESIDE,
						   setup->suspects[setup->beside].paths[0]);
}

static bool end(struct host_setup *setup)
{
	bool is_news = false;

	setup->is_walking = false;
	is_news = setup->has_waiting; /* who is looked at again then has the next walk */
	setup->has_waiting = false;
	for (size_t i = 0; i < setup->count; i++) {
		is_news |= setup->suspects[i].is_new && setup->suspects[i].trace_count > 0;
		setup->suspects[i].is_new = false;
	}
	return is_news;
}

bool host_setup_take(struct host_setup *setup, struct channel *channel, uint32_t type,
		     struct message *message)
{
	const bool is_look = setup->is_looking;
	int fd = -1;
	int result = setup_answer_receive(message, &setup->file, &fd);

	if (!setup->is_walking || result < 0) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	if (result == 1 && is_look)
		read_look(setup, &setup->file, fd);
	else if (result == 1 && fd >= 0)
		read_file(setup, &setup->file, fd);
	if (fd >= 0)
		close(fd);
	if (is_look)
		setup->look_at++;
	if (result == 1 && !is_look)
		return !ask(setup, channel, type, SETUP_REQUEST_NEXT, (struct str){0}) &&
		       end(setup);
	setup->is_looking = !setup->is_beside && setup->look_at < setup->look_count;
	return !ask_more(setup, channel, type) && end(setup);
}
