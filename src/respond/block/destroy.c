#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "respond/block/block.h"

static void set_address(__be32 out[4], const struct address *address)
{
	if (address_is_v4(address))
		memcpy(out, address->bytes + 12, 4);
	else
		memcpy(out, address->bytes, 16);
}

/* The kernel finds the socket by its two ends; no cookie: whichever has them now. */
int connection_destroy(int diag, const struct endpoint *local, const struct endpoint *remote)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 body;
	} request = {
		.head = {.nlmsg_len = sizeof(request),
			 .nlmsg_type = SOCK_DESTROY,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
		.body = {.sdiag_family = address_is_v4(&remote->address) ? AF_INET : AF_INET6,
			 .sdiag_protocol = IPPROTO_TCP,
			 .idiag_states = ~0u},
	};
	struct {
		struct nlmsghdr head;
		struct nlmsgerr body;
		char more[256];
	} answer;

	request.body.id.idiag_sport = htons(local->port);
	request.body.id.idiag_dport = htons(remote->port);
	set_address(request.body.id.idiag_src, &local->address);
	set_address(request.body.id.idiag_dst, &remote->address);
	request.body.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
	request.body.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	if (send(diag, &request, sizeof(request), 0) < 0)
		return -errno;
	ssize_t got = recv(diag, &answer, sizeof(answer), 0);
	if (got < 0)
		return -errno;
	if ((size_t)got < sizeof(answer.head) + sizeof(int) ||
	    answer.head.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return answer.body.error;
}
