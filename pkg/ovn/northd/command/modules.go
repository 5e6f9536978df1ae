package command

// stockModules are what stock's ovn-northd 25.03 lists with vlog/list. Scripts name them; those that are not here log nothing.
const stockModules = `backtrace bundle command_line conntrack conntrack_tp cooperative_multitasking coverage ct_dpif daemon daemon_unix debug
dns_resolve dp_packet_gso dpdk dpif dpif_lookup_autovalidator dpif_lookup_generic dpif_mfex_extract_study dpif_netdev
dpif_netdev_extract dpif_netdev_impl dpif_netdev_lookup dpif_netlink dpif_netlink_rtnl en_global_config en_group_ecmp_route
en_lb_data en_learned_route_sync en_lflow en_lr_nat en_lr_stateful en_ls_stateful en_meters en_multicast en_northd en_port_group
en_sampling_app en_sync_from_sb en_sync_to_sb entropy expr fatal_signal flow hmap inc_proc_eng inc_proc_northd ipam ipf jsonrpc
lb lflow_mgr lockfile mac_binding_aging memory memory_trim meta_flow native_tnl netdev netdev_linux netdev_offload
netdev_offload_tc netdev_vport netlink netlink_conntrack netlink_notifier netlink_socket northd northd_acl_ids northd_lb nx_match
odp_execute odp_execute_impl odp_util ofp_actions ofp_bundle ofp_connection ofp_ct ofp_errors ofp_flow ofp_group ofp_match
ofp_meter ofp_monitor ofp_msgs ofp_packet ofp_port ofp_protocol ofp_queue ofp_table ofp_util ovn_northd ovn_parallel_hmap
ovn_util ovs_numa ovs_rcu ovs_replay ovs_router ovs_thread ovsdb_cs ovsdb_error ovsdb_idl ox_stat pmd_perf poll_loop process
rconn reconnect route_table sha1 signals socket_util socket_util_unix stopwatch stream stream_fd stream_replay stream_ssl
stream_tcp stream_unix svec tc timeval unixctl userspace_tso util uuid vconn vconn_stream vlog`
