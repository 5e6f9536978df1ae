package lflow

// Registers of the logical switch pipelines. ovn-controller reads some of them by number, so they are upstream's.
const (
	RegConntrackDefrag = "reg0[0]" // send to ct_next in pre_stateful
	RegConntrackCommit = "reg0[1]" // commit in the stateful stage
	RegConntrackNAT    = "reg0[2]" // send to ct_lb_mark in pre_stateful
	RegDHCPResult      = "reg0[3]"
	RegDNSResult       = "reg0[4]"
	RegHairpin         = "reg0[6]"
	RegHintAllowNew    = "reg0[7]" // acl_hint: a packet that an allow ACL has to commit
	RegHintAllow       = "reg0[8]" // acl_hint: a packet that an allow ACL lets through as it is
	RegHintDrop        = "reg0[9]" // acl_hint: a packet that a drop ACL drops without more
	RegHintBlock       = "reg0[10]"
	RegLookupFDB       = "reg0[11]"
	RegHairpinReply    = "reg0[12]"
	RegACLLabel        = "reg0[13]"
	RegFromRAMP        = "reg0[14]"
	RegPortSecDrop     = "reg0[15]"
	RegACLStateless    = "reg0[16]"
	RegHintAllowRel    = "reg0[17]"
	RegFromRouter      = "reg0[18]" // entered through a port of type router
	RegIPFrag          = "reg0[19]"
	RegACLPersist      = "reg0[20]"

	RegHintAllowPersisted = "reg0[21]"

	RegOrigDstIP4  = "reg4"
	RegOrigDstPort = "reg2[0..15]"
	RegACLID       = "reg2[16..31]"
	RegOrigDstIP6  = "xxreg1"

	RegACLVerdictAllow  = "reg8[16]"
	RegACLVerdictDrop   = "reg8[17]"
	RegACLVerdictReject = "reg8[18]"
	RegACLTier          = "reg8[30..31]"
)

// Registers of the logical router pipelines.
const (
	RegNextHopIP4   = "reg0"
	RegNextHopIP6   = "xxreg0"
	RegSrcIP4       = "reg5"
	RegSrcIP6       = "xxreg1"
	RegInportEthDst = "xreg0[0..47]"
	RegRouteTable   = "reg7"
	RegECMPGroup    = "reg8[0..15]"
	RegECMPMember   = "reg8[16..31]"

	RegEgressLoopback  = "reg9[0]"
	RegPktLarger       = "reg9[1]"
	RegLookupNeighbor  = "reg9[2]"
	RegLookupNeighbor2 = "reg9[3]" // lookup_arp_ip's result
	RegDNATLocal       = "reg9[4]"
	RegNDRAResult      = "reg0[5]"
	RegKnownECMPNH     = "reg9[5]"
	RegKnownLBSession  = "reg9[6]"
	RegDHCPRelayReq    = "reg9[7]"
	RegDHCPRelayResp   = "reg9[8]"
	RegNextHopIsIP4    = "reg9[9]"
)

// Flags, connection marks and well-known names.
const (
	FlagLoopback = "flags.loopback"

	MulticastFlood        = "_MC_flood"
	MulticastFloodL2      = "_MC_flood_l2"
	MulticastUnknown      = "_MC_unknown"
	MulticastMrouterFlood = "_MC_mrouter_flood"
	MulticastMrouterReply = "_MC_mrouter_static"
	MulticastStatic       = "_MC_static"

	SvcMonitorMAC = "$svc_monitor_mac"

	// ICMPTooBig matches "fragmentation needed" and "packet too big", which tunnels reflect.
	ICMPTooBig = "((ip4 && icmp4.type == 3 && icmp4.code == 4) || (ip6 && icmp6.type == 2 && icmp6.code == 0))"
)
