#include "model/mining_message.h"
#include "model/observation.h"

const char *dialect_name(enum dialect dialect)
{
	static const char *const names[DIALECT_COUNT] = {
		[DIALECT_BITCOIN] = "bitcoin-stratum-v1",
		[DIALECT_CRYPTONOTE] = "cryptonote",
		[DIALECT_ETH_PROXY] = "eth-proxy",
		[DIALECT_ETHEREUM_STRATUM_1] = "ethereum-stratum-1",
		[DIALECT_ETHEREUM_STRATUM_2] = "ethereum-stratum-2",
		[DIALECT_ZCASH] = "zcash",
		[DIALECT_KASPA] = "kaspa",
		[DIALECT_ERGO] = "ergo",
		[DIALECT_KAWPOW] = "kawpow",
		[DIALECT_CONFLUX] = "conflux",
		[DIALECT_GRIN] = "grin",
		[DIALECT_DUINO] = "duino-coin",
		[DIALECT_STRATUM_V2] = "stratum-v2",
		[DIALECT_GETWORK] = "getwork",
		[DIALECT_GETBLOCKTEMPLATE] = "getblocktemplate",
		[DIALECT_COINHIVE] = "coinhive",
	};

	return names[dialect];
}

const char *carrier_name(enum carrier carrier)
{
	static const char *const names[CARRIER_COUNT] = {
		[CARRIER_TCP] = "tcp",
		[CARRIER_TLS] = "tls",
		[CARRIER_WEBSOCKET] = "websocket",
		[CARRIER_HTTP] = "http",
		[CARRIER_SOCKS4] = "socks4",
		[CARRIER_SOCKS5] = "socks5",
		[CARRIER_CONNECT] = "connect",
		[CARRIER_GZIP] = "gzip",
	};

	return names[carrier];
}
