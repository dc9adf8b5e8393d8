#include "detect/mining_session/listed.h"

/* "host:port", "[address]:port" or "address:port" */
static bool target_listed(struct str target, const struct pool_list *pools, struct pool_match *out)
{
	struct endpoint endpoint;
	struct str host, digits;
	uint64_t port = 0;

	if (endpoint_parse(target, &endpoint))
		return pool_list_find_address(pools, &endpoint.address, endpoint.port, out);
	if (address_parse(target, &endpoint.address))
		return pool_list_find_address(pools, &endpoint.address, 0, out);
	if (str_cut(target, ':', &host, &digits) && (!str_to_u64(digits, &port) || port > 65535))
		port = 0;
	return pool_list_find_name(pools, host, (uint16_t)port, out);
}

bool session_listed(const struct session *session, int miner, const struct pool_list *pools,
		    struct pool_match *out)
{
	const struct endpoint *server = &session->ends[!miner];

	if (!pools)
		return false;
	if (session->target.len > 0) /* then the server is only a proxy on the way */
		return target_listed(str_of(session->target.at, session->target.len), pools, out);
	for (uint8_t i = 0; i < session->name_count; i++) {
		const struct text *name = &session->names[i];
		if (pool_list_find_name(pools, str_of(name->at, name->len), server->port, out))
			return true;
	}
	return pool_list_find_address(pools, &server->address, server->port, out);
}

bool session_has_shared_address(const struct session *session, int miner,
				const struct pool_list *pools)
{
	return pools && pool_list_is_shared(pools, &session->ends[!miner].address);
}
