/* Parts of the step block: inside this room. */
#ifndef DAVY_RESPOND_BLOCK_BLOCK_H
#define DAVY_RESPOND_BLOCK_BLOCK_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "model/endpoint.h"
#include "model/process.h"
#include "respond/respond.h"

/* -- never.c: addresses that must stay reachable, whatever a miner does with them -- */

enum { NEVER_MAX = 256 };

struct never {
	struct address at[NEVER_MAX];
	size_t count;
};

/* Pure: gateways out of /proc/PID/net/route and ipv6_route, resolvers out of resolv.conf. */
void never_add_routes(struct never *never, struct str route);
void never_add_routes6(struct never *never, struct str route);
void never_add_resolvers(struct never *never, struct str resolv_conf);
/* Why this address must not be cut off; NULL: it may. */
const char *never_says(const struct never *never, const struct address *address);
/* What the network of that process, and this machine's resolv.conf, say. */
void never_read(int proc, uint32_t pid, struct never *out);

/* -- network.c: network namespaces -- */

/* The inode that names the namespace of a process; 0: gone. */
uint64_t network_of(int proc, uint32_t pid);
/* A descriptor of that namespace, by whichever process is in it; -ENOENT when nobody is. */
must_check int network_open(int proc, uint64_t inode);
/* A netlink socket of sock_diag in it. */
must_check int network_diag_socket(int network);

/* -- destroy.c -- */

/* Reset an existing TCP connection. 0; -ENOENT: there is none any more; -EOPNOTSUPP ... */
must_check int connection_destroy(int diag, const struct endpoint *local,
				  const struct endpoint *remote);

/* -- nft.c: the table of our own -- */

/* The rules as JSON of libnftables(5), for the finding `id`. */
void nft_rules_add(struct buf *out, struct str id, const struct endpoint *at, size_t count,
		   int64_t timeout_s);
void nft_rules_remove(struct buf *out, struct str id);
/* Hand it to nft in that namespace. -ENOENT: no nft here; -EIO: it refused, in its own words. */
must_check int nft_run(int network, struct str rules, struct error *why);
bool nft_has(int network, struct str id);
/* The table itself, when nothing of ours is left in it. */
void nft_tidy(int network);

/* -- group.c: refused to their control group alone, by hook.h -- */

/*
 * Lines for the plan, and the memory as one JSON object; without a control group of theirs, or
 * where the kernel lacks it, a line says why and the memory stays empty.
 */
void group_plan(const struct response_case *response_case, const struct endpoint *at, size_t count,
		struct buf *lines, struct buf *memory);
/* From that memory, and what happened in words. 0; -errno, said in `outcome`: it does not hold */
int group_cut(const struct response_case *response_case, struct json_value memory,
	      const struct endpoint *at, size_t count, uint64_t seconds, struct buf *outcome);
must_check int group_free(const struct response_place *place, struct json_value memory,
			  struct str id, struct buf *outcome, struct error *why);
void group_look(const struct response_place *place, struct json_value memory, struct str id,
		struct buf *out);

#endif
