package lflow

// Pipeline is the value of Logical_Flow.pipeline.
type Pipeline string

// The pipelines.
const (
	Ingress Pipeline = "ingress"
	Egress  Pipeline = "egress"
)

// Stage is a logical flow table of a switch or of a router. ovn-controller hardwires some table numbers, so the order is
// upstream's (ovn-northd(8), LOGICAL FLOW TABLE STRUCTURE).
type Stage uint8

// String returns OVN's name of the stage, which goes into external_ids:stage-name and into ovn-trace's output.
func (s Stage) String() string { return stages[s].name }

// Pipeline returns the pipeline that the stage belongs to.
func (s Stage) Pipeline() Pipeline { return stages[s].pipeline }

// Table returns the value of Logical_Flow.table_id.
func (s Stage) Table() int { return stages[s].table }

// Router reports whether the stage is a logical router's.
func (s Stage) Router() bool { return stages[s].router }

// StageAt returns the stage of a Logical_Flow row.
func StageAt(router bool, pipeline string, table int) (Stage, bool) {
	for s := Stage(0); s < NumStages; s++ {
		if x := stages[s]; x.router == router && string(x.pipeline) == pipeline && x.table == table {
			return s, true
		}
	}
	return 0, false
}

type stage struct {
	name     string
	pipeline Pipeline
	table    int
	router   bool
}

// The stages, in the order of the pipelines.
const (
	SwitchInCheckPortSec     Stage = iota // ls_in_check_port_sec
	SwitchInApplyPortSec                  // ls_in_apply_port_sec
	SwitchInLookupFDB                     // ls_in_lookup_fdb
	SwitchInPutFDB                        // ls_in_put_fdb
	SwitchInPreACL                        // ls_in_pre_acl
	SwitchInPreLB                         // ls_in_pre_lb
	SwitchInPreStateful                   // ls_in_pre_stateful
	SwitchInACLHint                       // ls_in_acl_hint
	SwitchInACLEval                       // ls_in_acl_eval
	SwitchInACLSample                     // ls_in_acl_sample
	SwitchInACLAction                     // ls_in_acl_action
	SwitchInQoS                           // ls_in_qos
	SwitchInLBAffCheck                    // ls_in_lb_aff_check
	SwitchInLB                            // ls_in_lb
	SwitchInLBAffLearn                    // ls_in_lb_aff_learn
	SwitchInPreHairpin                    // ls_in_pre_hairpin
	SwitchInNATHairpin                    // ls_in_nat_hairpin
	SwitchInHairpin                       // ls_in_hairpin
	SwitchInACLAfterLBEval                // ls_in_acl_after_lb_eval
	SwitchInACLAfterLBSample              // ls_in_acl_after_lb_sample
	SwitchInACLAfterLBAction              // ls_in_acl_after_lb_action
	SwitchInStateful                      // ls_in_stateful
	SwitchInARPRsp                        // ls_in_arp_rsp
	SwitchInDHCPOptions                   // ls_in_dhcp_options
	SwitchInDHCPResponse                  // ls_in_dhcp_response
	SwitchInDNSLookup                     // ls_in_dns_lookup
	SwitchInDNSResponse                   // ls_in_dns_response
	SwitchInExternalPort                  // ls_in_external_port
	SwitchInL2Lkup                        // ls_in_l2_lkup
	SwitchInL2Unknown                     // ls_in_l2_unknown
	SwitchOutLookupFDB                    // ls_out_lookup_fdb
	SwitchOutPutFDB                       // ls_out_put_fdb
	SwitchOutPreACL                       // ls_out_pre_acl
	SwitchOutPreLB                        // ls_out_pre_lb
	SwitchOutPreStateful                  // ls_out_pre_stateful
	SwitchOutACLHint                      // ls_out_acl_hint
	SwitchOutACLEval                      // ls_out_acl_eval
	SwitchOutACLSample                    // ls_out_acl_sample
	SwitchOutACLAction                    // ls_out_acl_action
	SwitchOutQoS                          // ls_out_qos
	SwitchOutStateful                     // ls_out_stateful
	SwitchOutCheckPortSec                 // ls_out_check_port_sec
	SwitchOutApplyPortSec                 // ls_out_apply_port_sec
	RouterInAdmission                     // lr_in_admission
	RouterInLookupNeighbor                // lr_in_lookup_neighbor
	RouterInLearnNeighbor                 // lr_in_learn_neighbor
	RouterInIPInput                       // lr_in_ip_input
	RouterInDHCPRelayReq                  // lr_in_dhcp_relay_req
	RouterInUnsnat                        // lr_in_unsnat
	RouterInPostUnsnat                    // lr_in_post_unsnat
	RouterInDefrag                        // lr_in_defrag
	RouterInLBAffCheck                    // lr_in_lb_aff_check
	RouterInDNAT                          // lr_in_dnat
	RouterInLBAffLearn                    // lr_in_lb_aff_learn
	RouterInECMPStateful                  // lr_in_ecmp_stateful
	RouterInNDRAOptions                   // lr_in_nd_ra_options
	RouterInNDRAResponse                  // lr_in_nd_ra_response
	RouterInIPRoutingPre                  // lr_in_ip_routing_pre
	RouterInIPRouting                     // lr_in_ip_routing
	RouterInIPRoutingECMP                 // lr_in_ip_routing_ecmp
	RouterInPolicy                        // lr_in_policy
	RouterInPolicyECMP                    // lr_in_policy_ecmp
	RouterInDHCPRelayRespChk              // lr_in_dhcp_relay_resp_chk
	RouterInDHCPRelayResp                 // lr_in_dhcp_relay_resp
	RouterInARPResolve                    // lr_in_arp_resolve
	RouterInChkPktLen                     // lr_in_chk_pkt_len
	RouterInLargerPkts                    // lr_in_larger_pkts
	RouterInGWRedirect                    // lr_in_gw_redirect
	RouterInARPRequest                    // lr_in_arp_request
	RouterOutChkDNATLocal                 // lr_out_chk_dnat_local
	RouterOutUndnat                       // lr_out_undnat
	RouterOutPostUndnat                   // lr_out_post_undnat
	RouterOutSNAT                         // lr_out_snat
	RouterOutPostSNAT                     // lr_out_post_snat
	RouterOutEgrLoop                      // lr_out_egr_loop
	RouterOutDelivery                     // lr_out_delivery
	NumStages
)

var stages = [NumStages]stage{
	SwitchInCheckPortSec:     {"ls_in_check_port_sec", Ingress, 0, false},
	SwitchInApplyPortSec:     {"ls_in_apply_port_sec", Ingress, 1, false},
	SwitchInLookupFDB:        {"ls_in_lookup_fdb", Ingress, 2, false},
	SwitchInPutFDB:           {"ls_in_put_fdb", Ingress, 3, false},
	SwitchInPreACL:           {"ls_in_pre_acl", Ingress, 4, false},
	SwitchInPreLB:            {"ls_in_pre_lb", Ingress, 5, false},
	SwitchInPreStateful:      {"ls_in_pre_stateful", Ingress, 6, false},
	SwitchInACLHint:          {"ls_in_acl_hint", Ingress, 7, false},
	SwitchInACLEval:          {"ls_in_acl_eval", Ingress, 8, false},
	SwitchInACLSample:        {"ls_in_acl_sample", Ingress, 9, false},
	SwitchInACLAction:        {"ls_in_acl_action", Ingress, 10, false},
	SwitchInQoS:              {"ls_in_qos", Ingress, 11, false},
	SwitchInLBAffCheck:       {"ls_in_lb_aff_check", Ingress, 12, false},
	SwitchInLB:               {"ls_in_lb", Ingress, 13, false},
	SwitchInLBAffLearn:       {"ls_in_lb_aff_learn", Ingress, 14, false},
	SwitchInPreHairpin:       {"ls_in_pre_hairpin", Ingress, 15, false},
	SwitchInNATHairpin:       {"ls_in_nat_hairpin", Ingress, 16, false},
	SwitchInHairpin:          {"ls_in_hairpin", Ingress, 17, false},
	SwitchInACLAfterLBEval:   {"ls_in_acl_after_lb_eval", Ingress, 18, false},
	SwitchInACLAfterLBSample: {"ls_in_acl_after_lb_sample", Ingress, 19, false},
	SwitchInACLAfterLBAction: {"ls_in_acl_after_lb_action", Ingress, 20, false},
	SwitchInStateful:         {"ls_in_stateful", Ingress, 21, false},
	SwitchInARPRsp:           {"ls_in_arp_rsp", Ingress, 22, false},
	SwitchInDHCPOptions:      {"ls_in_dhcp_options", Ingress, 23, false},
	SwitchInDHCPResponse:     {"ls_in_dhcp_response", Ingress, 24, false},
	SwitchInDNSLookup:        {"ls_in_dns_lookup", Ingress, 25, false},
	SwitchInDNSResponse:      {"ls_in_dns_response", Ingress, 26, false},
	SwitchInExternalPort:     {"ls_in_external_port", Ingress, 27, false},
	SwitchInL2Lkup:           {"ls_in_l2_lkup", Ingress, 28, false},
	SwitchInL2Unknown:        {"ls_in_l2_unknown", Ingress, 29, false},
	SwitchOutLookupFDB:       {"ls_out_lookup_fdb", Egress, 0, false},
	SwitchOutPutFDB:          {"ls_out_put_fdb", Egress, 1, false},
	SwitchOutPreACL:          {"ls_out_pre_acl", Egress, 2, false},
	SwitchOutPreLB:           {"ls_out_pre_lb", Egress, 3, false},
	SwitchOutPreStateful:     {"ls_out_pre_stateful", Egress, 4, false},
	SwitchOutACLHint:         {"ls_out_acl_hint", Egress, 5, false},
	SwitchOutACLEval:         {"ls_out_acl_eval", Egress, 6, false},
	SwitchOutACLSample:       {"ls_out_acl_sample", Egress, 7, false},
	SwitchOutACLAction:       {"ls_out_acl_action", Egress, 8, false},
	SwitchOutQoS:             {"ls_out_qos", Egress, 9, false},
	SwitchOutStateful:        {"ls_out_stateful", Egress, 10, false},
	SwitchOutCheckPortSec:    {"ls_out_check_port_sec", Egress, 11, false},
	SwitchOutApplyPortSec:    {"ls_out_apply_port_sec", Egress, 12, false},
	RouterInAdmission:        {"lr_in_admission", Ingress, 0, true},
	RouterInLookupNeighbor:   {"lr_in_lookup_neighbor", Ingress, 1, true},
	RouterInLearnNeighbor:    {"lr_in_learn_neighbor", Ingress, 2, true},
	RouterInIPInput:          {"lr_in_ip_input", Ingress, 3, true},
	RouterInDHCPRelayReq:     {"lr_in_dhcp_relay_req", Ingress, 4, true},
	RouterInUnsnat:           {"lr_in_unsnat", Ingress, 5, true},
	RouterInPostUnsnat:       {"lr_in_post_unsnat", Ingress, 6, true},
	RouterInDefrag:           {"lr_in_defrag", Ingress, 7, true},
	RouterInLBAffCheck:       {"lr_in_lb_aff_check", Ingress, 8, true},
	RouterInDNAT:             {"lr_in_dnat", Ingress, 9, true},
	RouterInLBAffLearn:       {"lr_in_lb_aff_learn", Ingress, 10, true},
	RouterInECMPStateful:     {"lr_in_ecmp_stateful", Ingress, 11, true},
	RouterInNDRAOptions:      {"lr_in_nd_ra_options", Ingress, 12, true},
	RouterInNDRAResponse:     {"lr_in_nd_ra_response", Ingress, 13, true},
	RouterInIPRoutingPre:     {"lr_in_ip_routing_pre", Ingress, 14, true},
	RouterInIPRouting:        {"lr_in_ip_routing", Ingress, 15, true},
	RouterInIPRoutingECMP:    {"lr_in_ip_routing_ecmp", Ingress, 16, true},
	RouterInPolicy:           {"lr_in_policy", Ingress, 17, true},
	RouterInPolicyECMP:       {"lr_in_policy_ecmp", Ingress, 18, true},
	RouterInDHCPRelayRespChk: {"lr_in_dhcp_relay_resp_chk", Ingress, 19, true},
	RouterInDHCPRelayResp:    {"lr_in_dhcp_relay_resp", Ingress, 20, true},
	RouterInARPResolve:       {"lr_in_arp_resolve", Ingress, 21, true},
	RouterInChkPktLen:        {"lr_in_chk_pkt_len", Ingress, 22, true},
	RouterInLargerPkts:       {"lr_in_larger_pkts", Ingress, 23, true},
	RouterInGWRedirect:       {"lr_in_gw_redirect", Ingress, 24, true},
	RouterInARPRequest:       {"lr_in_arp_request", Ingress, 25, true},
	RouterOutChkDNATLocal:    {"lr_out_chk_dnat_local", Egress, 0, true},
	RouterOutUndnat:          {"lr_out_undnat", Egress, 1, true},
	RouterOutPostUndnat:      {"lr_out_post_undnat", Egress, 2, true},
	RouterOutSNAT:            {"lr_out_snat", Egress, 3, true},
	RouterOutPostSNAT:        {"lr_out_post_snat", Egress, 4, true},
	RouterOutEgrLoop:         {"lr_out_egr_loop", Egress, 5, true},
	RouterOutDelivery:        {"lr_out_delivery", Egress, 6, true},
}
