#include "decode/proc/status.h"

#include "decode/proc/fields.h"

/* "VmRSS:	    1234 kB" */
static uint64_t bytes_of(struct str value)
{
	uint64_t kib, bytes;

	if (!next_number(&value, &kib))
		return 0;
	return __builtin_mul_overflow(kib, 1024u, &bytes) ? UINT64_MAX : bytes;
}

static uint64_t number_of(struct str value)
{
	uint64_t number;

	return next_number(&value, &number) ? number : 0;
}

static uint32_t u32_of(struct str value)
{
	uint64_t number = number_of(value);

	return number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
}

static bool read_uids(struct str value, struct proc_status *out)
{
	uint64_t uid, effective;

	if (!next_number(&value, &uid) || !next_number(&value, &effective) || uid > UINT32_MAX ||
	    effective > UINT32_MAX)
		return false;
	out->uid = (uint32_t)uid;
	out->effective_uid = (uint32_t)effective;
	return true;
}

static void read_pids(struct str value, struct proc_status *out)
{
	uint64_t pid;

	out->pid_namespaces = 0;
	while (next_number(&value, &pid)) {
		out->pid_namespaces++;
		out->innermost_pid = pid > UINT32_MAX ? 0 : (uint32_t)pid;
	}
}

static bool read_line(struct str key, struct str value, struct proc_status *out)
{
	if (str_equal(key, STR("Uid")))
		return read_uids(value, out);
	if (str_equal(key, STR("NSpid")))
		read_pids(value, out);
	else if (str_equal(key, STR("Threads")))
		out->threads = u32_of(value);
	else if (str_equal(key, STR("TracerPid")))
		out->tracer = u32_of(value);
	else if (str_equal(key, STR("VmRSS")))
		out->resident_bytes = bytes_of(value);
	else if (str_equal(key, STR("HugetlbPages")))
		out->huge_page_bytes = bytes_of(value);
	else if (str_equal(key, STR("voluntary_ctxt_switches")))
		out->switches_asked = number_of(value);
	else if (str_equal(key, STR("nonvoluntary_ctxt_switches")))
		out->switches_forced = number_of(value);
	return false;
}

enum decoded proc_status_read(struct str text, struct proc_status *out)
{
	struct str line, key, value;
	bool has_uid = false;

	*out = (struct proc_status){0};
	while (next_line(&text, &line))
		if (str_cut(line, ':', &key, &value))
			has_uid |= read_line(key, value, out);
	return has_uid ? DECODED : MALFORMED;
}

enum decoded proc_io_read(struct str text, struct proc_io *out)
{
	const struct {
		struct str key;
		uint64_t *value;
	} wanted[] = {{STR("rchar"), &out->read_bytes},
		      {STR("wchar"), &out->written_bytes},
		      {STR("syscr"), &out->read_calls},
		      {STR("syscw"), &out->write_calls}};
	const unsigned all = (1u << sizeof(wanted) / sizeof(wanted[0])) - 1;
	unsigned seen = 0;
	struct str line, key, value;

	*out = (struct proc_io){0};
	while (next_line(&text, &line)) {
		if (!str_cut(line, ':', &key, &value))
			continue;
		for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
			if (str_equal(key, wanted[i].key) && next_number(&value, wanted[i].value))
				seen |= 1u << i;
	}
	return seen == all ? DECODED : MALFORMED;
}
