/**
 * Names that stand for ports.
 *
 * @module
 */

/**
 * The better known of the TCP services that IANA has registered ("Service Name
 * and Transport Protocol Port Number Registry"). The system's own list is not
 * asked: an address must mean the same on all machines.
 */
const PORTS: Readonly<Record<string, number>> = {
  "echo": 7,
  "discard": 9,
  "daytime": 13,
  "ftp-data": 20,
  "ftp": 21,
  "ssh": 22,
  "telnet": 23,
  "smtp": 25,
  "time": 37,
  "tacacs": 49,
  "domain": 53,
  "gopher": 70,
  "finger": 79,
  "http": 80,
  "kerberos": 88,
  "pop3": 110,
  "sunrpc": 111,
  "nntp": 119,
  "ntp": 123,
  "imap": 143,
  "snmp": 161,
  "bgp": 179,
  "irc": 194,
  "ldap": 389,
  "https": 443,
  "submissions": 465,
  "rtsp": 554,
  "nntps": 563,
  "submission": 587,
  "ipp": 631,
  "ldaps": 636,
  "domain-s": 853,
  "rsync": 873,
  "ftps-data": 989,
  "ftps": 990,
  "imaps": 993,
  "pop3s": 995,
  "socks": 1080,
  "ms-sql-s": 1433,
  "mqtt": 1883,
  "nfs": 2049,
  "etcd-client": 2379,
  "etcd-server": 2380,
  "mysql": 3306,
  "epmd": 4369,
  "sip": 5060,
  "sips": 5061,
  "xmpp-client": 5222,
  "xmpp-server": 5269,
  "postgresql": 5432,
  "amqps": 5671,
  "amqp": 5672,
  "redis": 6379,
  "ircs-u": 6697,
  "http-alt": 8080,
  "secure-mqtt": 8883,
  "git": 9418,
};

/**
 * The port of a well-known service.
 *
 * @param name The service's name, in lower or upper case: `https`.
 * @returns The port; `undefined` for a name that is not in the table.
 */
export function servicePort(name: string): number | undefined {
  const key = name.toLowerCase();
  return Object.hasOwn(PORTS, key) ? PORTS[key] : undefined;
}
