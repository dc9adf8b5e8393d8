/*
 * The worker's half of the ring.
 *
 * The kernel fills blocks in order and gives each one to us as a whole (TP_STATUS_USER); we read
 * it and give it back. Blocks carry a rising number, by which a reader that starts late, or in
 * place of one that died, finds where to begin.
 */
#include "source/live/ring.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { COOKED_HEADER = 16, TAG = 4, ETHERNET_TYPE_AT = 12 };

static struct tpacket_block_desc *block_at(const struct ring *ring, uint32_t index)
{
	return (struct tpacket_block_desc *)(ring->memory + (size_t)index * ring->shape.block_size);
}

static bool is_ours(const struct tpacket_block_desc *block)
{
	return __atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER;
}

static void give_back(struct ring *ring)
{
	__atomic_store_n(&block_at(ring, ring->block)->hdr.bh1.block_status, TP_STATUS_KERNEL,
			 __ATOMIC_RELEASE);
	ring->block = (ring->block + 1) % ring->shape.block_count;
	ring->holds_block = false;
}

/* The oldest block that is ours; without one, the youngest of all, which the kernel is filling. */
static uint32_t first_block(const struct ring *ring)
{
	uint32_t oldest = UINT32_MAX, youngest = 0;

	for (uint32_t i = 0; i < ring->shape.block_count; i++) {
		const struct tpacket_block_desc *block = block_at(ring, i);
		uint64_t number = block->hdr.bh1.seq_num;
		if (is_ours(block) &&
		    (oldest == UINT32_MAX || number < block_at(ring, oldest)->hdr.bh1.seq_num))
			oldest = i;
		if (number > block_at(ring, youngest)->hdr.bh1.seq_num)
			youngest = i;
	}
	return oldest != UINT32_MAX ? oldest : youngest;
}

int ring_map(int fd, const struct ring_shape *shape, bool gives_up_first, struct ring *out,
	     struct error *why)
{
	size_t size;

	*out = (struct ring){.fd = fd, .shape = *shape};
	if (!shape->block_count ||
	    __builtin_mul_overflow(shape->block_size, (size_t)shape->block_count, &size))
		return error_set(why, -EINVAL, "a ring of no blocks");
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return error_set(why, -errno, "the capture ring (%zu bytes) cannot be mapped: %s",
				 size, strerror(errno));
	out->memory = memory;
	out->block = first_block(out);
	if (gives_up_first && is_ours(block_at(out, out->block))) {
		give_back(out);
		out->lost_start++;
	}
	return 0;
}

ssize_t ring_keep_block(int fd, const struct ring_shape *shape, int file)
{
	struct ring ring;
	ssize_t kept = 0;
	int failed = ring_map(fd, shape, false, &ring, NULL);

	if (failed)
		return failed;
	const struct tpacket_block_desc *block = block_at(&ring, ring.block);
	if (is_ours(block)) {
		/* Read once: the page is shared with whoever died, and its like. */
		uint32_t len = __atomic_load_n(&block->hdr.bh1.blk_len, __ATOMIC_RELAXED);
		kept = write(file, block, len < shape->block_size ? len : shape->block_size);
		if (kept < 0)
			kept = -errno;
	}
	ring_unmap(&ring);
	return kept;
}

void ring_unmap(struct ring *ring)
{
	if (ring->memory)
		munmap(ring->memory, (size_t)ring->shape.block_size * ring->shape.block_count);
	ring->memory = NULL;
}

static bool take_block(struct ring *ring)
{
	struct tpacket_block_desc *block = block_at(ring, ring->block);

	if (!is_ours(block))
		return false;
	ring->holds_block = true;
	ring->left = block->hdr.bh1.num_pkts;
	ring->next = (uint8_t *)block + block->hdr.bh1.offset_to_first_pkt;
	return true;
}

static void put_be16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put_tag(uint8_t *at, const struct tpacket3_hdr *header, uint16_t inner)
{
	bool has_type = header->tp_status & TP_STATUS_VLAN_TPID_VALID;

	put_be16(at, has_type ? header->hv1.tp_vlan_tpid : 0x8100);
	put_be16(at + 2, (uint16_t)header->hv1.tp_vlan_tci);
	put_be16(at + 4, inner);
}

/* Put the tag back between the MAC addresses and the EtherType, using the room before the frame. */
static uint8_t *with_tag(uint8_t *at, const struct tpacket3_hdr *header)
{
	uint16_t inner = (uint16_t)(at[ETHERNET_TYPE_AT] << 8 | at[ETHERNET_TYPE_AT + 1]);

	memmove(at - TAG, at, ETHERNET_TYPE_AT);
	put_tag(at - TAG + ETHERNET_TYPE_AT, header, inner);
	return at - TAG;
}

/* A header as in "tcpdump -i any" (LINKTYPE_LINUX_SLL), with the tag after it when there was one.
 */
static uint8_t *with_cooked_header(uint8_t *at, const struct tpacket3_hdr *header,
				   const struct sockaddr_ll *from)
{
	bool is_tagged = header->tp_status & TP_STATUS_VLAN_VALID;
	uint8_t *start = at - COOKED_HEADER - (is_tagged ? TAG : 0);
	uint16_t inner = __builtin_bswap16(from->sll_protocol);

	put_be16(start, from->sll_pkttype);
	put_be16(start + 2, from->sll_hatype);
	put_be16(start + 4, from->sll_halen);
	memset(start + 6, 0, 8);
	memcpy(start + 6, from->sll_addr, from->sll_halen < 8 ? from->sll_halen : 8);
	if (is_tagged)
		put_tag(start + 14, header, inner);
	else
		put_be16(start + 14, inner);
	return start;
}

static void fill(struct ring *ring, uint8_t *slot, const struct sockaddr_ll *from,
		 struct frame *frame)
{
	const struct tpacket3_hdr *header = (const struct tpacket3_hdr *)slot;
	uint8_t *captured = slot + header->tp_mac, *at = captured;

	if (ring->shape.is_cooked)
		at = with_cooked_header(at, header, from);
	else if (header->tp_status & TP_STATUS_VLAN_VALID && ring->shape.link == 1 &&
		 header->tp_snaplen >= ETHERNET_TYPE_AT + 2)
		at = with_tag(at, header);
	uint32_t added = (uint32_t)(captured - at);
	*frame = (struct frame){
		.at = instant_at(header->tp_sec, header->tp_nsec),
		.bytes = str_of(at, header->tp_snaplen + added),
		.wire_len = header->tp_len + added,
		.link = ring->shape.link,
		.offset = ring->frames++,
	};
}

/* The next frame of the block that is held; false: there is none left in it. */
static bool next_in_block(struct ring *ring, struct frame *frame)
{
	while (ring->left) {
		uint8_t *slot = ring->next;
		const struct tpacket3_hdr *header = (const struct tpacket3_hdr *)slot;
		const struct sockaddr_ll *from =
			(const struct sockaddr_ll *)(slot + TPACKET_ALIGN(sizeof(*header)));
		ring->next += header->tp_next_offset;
		ring->left--;
		/* Loopback shows each packet twice, going out and coming in. */
		if (from->sll_hatype == ARPHRD_LOOPBACK && from->sll_pkttype == PACKET_OUTGOING)
			continue;
		fill(ring, slot, from, frame);
		return true;
	}
	return false;
}

size_t ring_take(struct ring *ring, struct frame *frames, size_t most)
{
	size_t count = 0;

	while (count == 0 && most > 0) {
		if (ring->holds_block && !ring->left)
			give_back(ring);
		if (!ring->holds_block && !take_block(ring))
			return 0;
		/* none: the timer may retire an empty block */
		while (count < most && next_in_block(ring, &frames[count]))
			count++;
	}
	return count;
}

int ring_count(int fd, struct ring_counters *sum)
{
	struct tpacket_stats_v3 now = {0};
	socklen_t size = sizeof(now);

	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &now, &size))
		return -errno;
	sum->received += now.tp_packets - now.tp_drops; /* the kernel counts drops in both */
	sum->dropped += now.tp_drops;
	return 0;
}

int ring_take_error(int fd)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size))
		return errno;
	return error;
}
