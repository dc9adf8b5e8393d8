/* An opened process as a message: a fixed head, the texts after it, descriptors beside. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "source/host/opener.h"

struct answer {
	uint32_t pid;
	int32_t error;
	uint32_t given; /* which descriptors came, in order */
	int32_t errors[PROCESS_FILE_COUNT];
	uint32_t io_len, link_len, links_len, links_cut;
};

_Static_assert(sizeof(struct answer) == 4 * (7 + PROCESS_FILE_COUNT), "no padding is sent");
_Static_assert(sizeof(struct answer) + OPENER_TEXT_MAX <= MESSAGE_MAX, "it fits one message");

bool opener_request_read(struct str body, struct opener_request *out)
{
	if (body.len != sizeof(*out))
		return false;
	memcpy(out, body.at, sizeof(*out));
	return out->pid > 0 && out->pid <= INT32_MAX && out->wanted &&
	       !(out->wanted & ~(uint32_t)PROCESS_FILES_ALL);
}

int opened_process_send(struct channel *channel, uint32_t type,
			const struct opened_process *process)
{
	struct answer head = {
		.pid = process->pid,
		.error = process->error,
		.io_len = (uint32_t)process->io.len,
		.link_len = (uint32_t)process->executable_link.len,
		.links_len = (uint32_t)process->links.len,
		.links_cut = process->links_cut,
	};
	int descriptors[PROCESS_DESCRIPTORS];
	size_t count = 0;
	CLEANUP(buf_fini) struct buf body = {0};

	for (unsigned i = 0; i < PROCESS_DESCRIPTORS; i++) {
		if (process->descriptors[i] < 0)
			continue;
		head.given |= 1u << i;
		descriptors[count++] = process->descriptors[i];
	}
	for (size_t i = 0; i < PROCESS_FILE_COUNT; i++)
		head.errors[i] = process->errors[i];
	buf_add_bytes(&body, &head, sizeof(head));
	buf_add(&body, process->io);
	buf_add(&body, process->executable_link);
	buf_add(&body, process->links);
	if (body.failed)
		return -ENOMEM;
	return channel_send(channel, type, buf_view(&body), descriptors, count);
}

static bool is_whole(const struct message *message, const struct answer *head)
{
	uint64_t len = sizeof(*head) + (uint64_t)head->io_len + head->link_len + head->links_len;

	return message->body.len == len && head->given >> PROCESS_DESCRIPTORS == 0 &&
	       (size_t)__builtin_popcount(head->given) == message->descriptor_count;
}

bool opened_process_receive(struct message *message, struct opened_process *out)
{
	struct answer head = {0};

	if (message->body.len >= sizeof(head))
		memcpy(&head, message->body.at, sizeof(head));
	if (!is_whole(message, &head)) {
		for (size_t i = 0; i < message->descriptor_count; i++)
			close(message->descriptors[i]);
		message->descriptor_count = 0;
		return false;
	}
	*out = (struct opened_process){
		.pid = head.pid, .error = head.error, .links_cut = head.links_cut};
	size_t next = 0, at = sizeof(head);
	for (unsigned i = 0; i < PROCESS_DESCRIPTORS; i++)
		out->descriptors[i] = head.given & 1u << i ? message->descriptors[next++] : -1;
	for (size_t i = 0; i < PROCESS_FILE_COUNT; i++)
		out->errors[i] = head.errors[i];
	out->io = str_sub(message->body, at, head.io_len);
	at += head.io_len;
	out->executable_link = str_sub(message->body, at, head.link_len);
	out->links = str_sub(message->body, at + head.link_len, head.links_len);
	message->descriptor_count = 0;
	return true;
}
