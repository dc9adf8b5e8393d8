/*
 * What the rules of detect/code_shape say of real programs: runs a command (or watches a process),
 * samples the instruction pointer of it and of its children, reads the code around each sample, and
 * prints one row of a Markdown table.
 *
 * usage: code_windows [-s SECONDS] [-z HZ] [-n NAME] [-p PID] [-d FILE] [COMMAND ARGUMENT...]
 *
 * -d writes the first window that a rule fired on, in hex, for cases/. Needs root.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../src/detect/code_shape/shapes.h"
#include "detect/host_room.h"

enum {
	PROCESSORS_MAX = 256,
	RING_PAGES = 64,
	KEPT_MAX = 4096, /* windows */
	BATCH = WORKLOAD_WINDOWS_MAX
};

struct kept {
	struct code_window window;
	uint8_t bytes[CODE_WINDOW_BYTES];
};

struct sampling {
	int descriptors[PROCESSORS_MAX];
	struct perf_event_mmap_page *rings[PROCESSORS_MAX];
	long processors;
	pid_t target;
	bool is_session; /* target leads one: its children count too */
	struct kept *kept;
	size_t count;
	uint64_t samples, unread;
};

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool open_sampler(struct sampling *s, uint64_t hz)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_freq = hz,
		.freq = 1,
		.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID,
		.exclude_kernel = 1,
		.watermark = 0,
		.wakeup_events = 1,
	};

	s->processors = sysconf(_SC_NPROCESSORS_ONLN);
	for (int i = 0; i < s->processors && i < PROCESSORS_MAX; i++) {
		s->descriptors[i] = (int)syscall(SYS_perf_event_open, &attr, -1, i, -1, 0);
		if (s->descriptors[i] < 0)
			return false;
		s->rings[i] = mmap(NULL, (RING_PAGES + 1) * page, PROT_READ | PROT_WRITE,
				   MAP_SHARED, s->descriptors[i], 0);
		if (s->rings[i] == MAP_FAILED)
			return false;
	}
	return true;
}

/* In a mapping without a file, as /proc/PID/maps says. */
static bool is_anonymous(pid_t pid, uint64_t address)
{
	char path[64], line[512];
	unsigned long long from, to, inode;
	bool result = false;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	FILE *maps = fopen(path, "re");
	while (maps && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%llx-%llx %*s %*s %*s %llu", &from, &to, &inode) == 3 &&
		    address >= from && address < to) {
			result = inode == 0 && !strstr(line, "[vdso]");
			break;
		}
	}
	if (maps)
		fclose(maps);
	return result;
}

/* The window with the sample in its middle, or what its page holds of it. */
static bool read_window(pid_t pid, uint64_t ip, struct kept *out)
{
	char path[64];
	uint64_t starts[] = {ip - CODE_WINDOW_BYTES / 2, ip & ~UINT64_C(4095)};
	ssize_t got = -1;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	int memory = open(path, O_RDONLY | O_CLOEXEC);
	if (memory < 0)
		return false;
	for (int i = 0; i < 2; i++) {
		got = pread(memory, out->bytes, sizeof(out->bytes), (off_t)starts[i]);
		out->window.address = starts[i];
		if (got > 0 && starts[i] + (uint64_t)got > ip)
			break;
		got = -1;
	}
	close(memory);
	if (got <= 0)
		return false;
	out->window.bytes = str_of(out->bytes, (size_t)got);
	out->window.sampled_address = ip;
	out->window.pid = (uint32_t)pid;
	out->window.samples = 1;
	out->window.is_anonymous = is_anonymous(pid, ip);
	return true;
}

static void take_sample(struct sampling *s, uint64_t ip, pid_t pid)
{
	if (pid != s->target && !(s->is_session && getsid(pid) == s->target))
		return;
	s->samples++;
	if (s->count == KEPT_MAX)
		return;
	if (read_window(pid, ip, &s->kept[s->count]))
		s->count++;
	else
		s->unread++;
}

static void drain(struct sampling *s)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = RING_PAGES * page;

	for (int i = 0; i < s->processors; i++) {
		struct perf_event_mmap_page *ring = s->rings[i];
		uint8_t *bytes = (uint8_t *)ring + page;
		uint64_t head = __atomic_load_n(&ring->data_head, __ATOMIC_ACQUIRE);
		uint64_t tail = ring->data_tail;
		while (tail < head) {
			uint8_t record[64];
			struct perf_event_header header;
			for (size_t k = 0; k < sizeof(record); k++)
				record[k] = bytes[(tail + k) % size];
			memcpy(&header, record, sizeof(header));
			if (header.type == PERF_RECORD_SAMPLE) {
				uint64_t ip;
				uint32_t pid;
				memcpy(&ip, record + 8, 8);
				memcpy(&pid, record + 16, 4);
				take_sample(s, ip, (pid_t)pid);
			}
			tail += header.size;
		}
		__atomic_store_n(&ring->data_tail, tail, __ATOMIC_RELEASE);
	}
}

struct summary {
	unsigned anonymous, five_groups, shapes[SHAPE_COUNT], invalid;
};

static void count_windows(const struct sampling *s, struct summary *out, const char *dump)
{
	int code;
	struct code_reader *reader = code_reader_new(CODE_X86_64, &code);
	bool has_dumped = !dump;

	for (size_t i = 0; reader && i < s->count; i++) {
		const struct code_window *w = &s->kept[i].window;
		struct code_counts all, inner;
		struct code_loop loop;
		code_read(reader, w->bytes, w->sampled_address - w->address);
		code_count(reader, 0, CODE_READ_MAX, &all);
		bool has_loop = code_find_loop(reader, 64, &loop);
		if (has_loop)
			code_count(reader, loop.from, loop.to, &inner);
		uint32_t found = shapes_of(&all, has_loop ? &inner : &all, w->is_anonymous);
		out->anonymous += w->is_anonymous;
		out->five_groups += shapes_randomx_groups(&all) >= 5;
		out->invalid += all.invalid_bytes > 200;
		for (unsigned k = 0; k < SHAPE_COUNT; k++)
			out->shapes[k] += (found >> k) & 1;
		if (!has_dumped && (found || i + 1 == s->count)) {
			FILE *file = fopen(dump, "we");
			for (size_t k = 0; file && k < w->bytes.len; k++)
				fprintf(file, "%02x%s", (uint8_t)w->bytes.at[k],
					k % 32 == 31 ? "\n" : "");
			if (file)
				fclose(file);
			has_dumped = true;
		}
	}
	code_reader_free(reader);
}

/* Signs of the whole room over batches of as many windows as the watcher reads. */
static void print_signs(const struct sampling *s)
{
	static const char *const weights[] = {"supports", "looks alike", "strong", "SPECIFIC"};
	unsigned tally[4] = {0}, batches = 0;
	const char *algorithms[4] = {0};
	struct code_window windows[BATCH];
	struct arena scratch;

	if (arena_init(&scratch, 65536) != 0)
		return;
	size_t step = s->count / BATCH ? s->count / BATCH : 1;
	for (size_t b = 0; b < step && s->count > 0; b++) {
		struct workload workload = {.windows = windows};
		struct signs signs = {0};
		for (size_t i = b; i < s->count && workload.window_count < BATCH; i += step)
			windows[workload.window_count++] = s->kept[i].window;
		arena_reset(&scratch);
		for (const struct host_room *const *room = host_rooms; *room; room++)
			if (strcmp((*room)->name, "code_shape") == 0)
				(*room)->judge(&workload, &scratch, &signs);
		batches++;
		for (size_t i = 0; i < signs.count; i++) {
			tally[signs.at[i].weight]++;
			algorithms[signs.at[i].weight] = signs.at[i].algorithm;
		}
	}
	const char *between = "";
	for (int w = 3; w >= 0; w--) {
		if (tally[w]) {
			printf("%s%s %s %u/%u", between, weights[w], algorithms[w], tally[w],
			       batches);
			between = ", ";
		}
	}
	printf("%s |\n", *between ? "" : "none");
	arena_fini(&scratch);
}

static void print_row(const struct sampling *s, const char *name, const char *dump)
{
	struct summary sum = {0};
	const char *between = "";
	double all = s->count ? (double)s->count : 1;

	count_windows(s, &sum, dump);
	printf("| %s | %zu | %.0f | %.1f | ", name, s->count, 100 * sum.anonymous / all,
	       100 * sum.five_groups / all);
	for (unsigned i = 0; i < SHAPE_COUNT; i++) {
		if (sum.shapes[i]) {
			printf("%s%s %.0f%%", between, shape_name(i), 100 * sum.shapes[i] / all);
			between = ", ";
		}
	}
	printf("%s | ", *between ? "" : "-");
	print_signs(s);
}

static pid_t start(char **command)
{
	pid_t child = fork();

	if (child == 0) {
		int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
		setsid();
		dup2(nowhere, 0);
		dup2(nowhere, 1);
		dup2(nowhere, 2);
		execvp(command[0], command);
		_exit(127);
	}
	return child;
}

int main(int argc, char **argv)
{
	struct sampling s = {0};
	double seconds = 3;
	uint64_t hz = 199;
	const char *name = NULL, *dump = NULL;
	int option;

	while ((option = getopt(argc, argv, "+s:z:n:p:d:")) != -1) {
		if (option == 's')
			seconds = atof(optarg);
		else if (option == 'z')
			hz = (uint64_t)atoi(optarg);
		else if (option == 'n')
			name = optarg;
		else if (option == 'p')
			s.target = atoi(optarg);
		else if (option == 'd')
			dump = optarg;
		else
			return 2;
	}
	if (s.target <= 0 && optind == argc)
		return 2;
	s.kept = calloc(KEPT_MAX, sizeof(*s.kept));
	if (!s.kept || !open_sampler(&s, hz)) {
		fprintf(stderr, "code_windows: no sampling: %s\n", strerror(errno));
		return 1;
	}
	bool is_ours = s.target <= 0;
	if (is_ours)
		s.target = start(&argv[optind]), s.is_session = true;
	for (double end = now_s() + seconds; now_s() < end;) {
		drain(&s);
		if (is_ours && waitpid(s.target, NULL, WNOHANG) == s.target) {
			is_ours = false;
			break;
		}
		usleep(5000);
	}
	drain(&s);
	if (is_ours) {
		kill(-s.target, SIGKILL); /* the session that was started here */
		waitpid(s.target, NULL, 0);
	}
	print_row(&s, name ? name : argv[optind] ? argv[optind] : "process", dump);
	free(s.kept);
	return 0;
}
