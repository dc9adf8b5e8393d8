#include "source/capture/not_a_capture.h"

#include "base/buf.h"

static const struct {
	struct str magic;
	const char *looks_like, *remedy;
} looks[] = {
	{{"PK\x03\x04", 4}, "a zip archive", "unpack it and name the captures in it"},
	{{"\xfd"
	  "7zXZ",
	  5},
	 "a file packed by xz",
	 "unpack it with xz -d"},
	{{"BZh", 3}, "a file packed by bzip2", "unpack it with bzip2 -d"},
	{{"\x04\x22\x4d\x18", 4}, "a file packed by lz4", "unpack it with lz4 -d"},
	{{"7z\xbc\xaf", 4}, "a 7z archive", "unpack it and name the captures in it"},
	{{"Rar!", 4}, "a rar archive", "unpack it and name the captures in it"},
	{{"GMBU", 4}, "a Network Monitor capture", "convert it with editcap -F pcap"},
	{{"RTSS", 4}, "a Network Monitor capture", "convert it with editcap -F pcap"},
	{{"snoop\0\0\0", 8}, "a snoop capture", "convert it with editcap -F pcap"},
	{{"TRSNIFF data", 12}, "a Sniffer capture", "convert it with editcap -F pcap"},
	{{"\x0a\x0d\x0d\x0a", 4}, "a damaged pcapng file", "fetch the file again"},
	{{"\x7f"
	  "ELF",
	  4},
	 "a program",
	 NULL},
	{{"\0asm", 4}, "a WebAssembly module", NULL},
	{{"%PDF", 4}, "a PDF document", NULL},
	{{"\x89PNG", 4}, "a PNG image", NULL},
	{{"\0\0\0\0\0\0\0\0", 8}, "zeroes", "fetch the file again"},
};

bool not_a_capture_say(const char *name, struct str first, struct error *why)
{
	CLEANUP(buf_fini) struct buf shown = {0};

	for (size_t i = 0; i < sizeof(looks) / sizeof(*looks); i++) {
		if (!str_starts(first, looks[i].magic))
			continue;
		error_set(why, 0, "%s: is no packet capture, but looks like %s%s%s", name,
			  looks[i].looks_like, looks[i].remedy ? "; " : "",
			  looks[i].remedy ? looks[i].remedy : "");
		return looks[i].remedy != NULL;
	}
	/* a file of keys and passwords begins with one of them: four bytes tell its kind, no more
	 */
	buf_add_hex(&shown, str_sub(first, 0, 4));
	error_set(
		why, 0,
		"%s: is no packet capture (pcap or pcapng, plain, gzip or zstd) and no log that is "
		"known here; it begins with the bytes %.*s",
		name, (int)shown.len, shown.at ? shown.at : "");
	return false;
}
