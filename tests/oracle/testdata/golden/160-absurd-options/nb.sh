F="other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true"
chassis() { ovn-sbctl chassis-add $1 geneve $2 -- set Chassis $1 $F -- --id=@c get Chassis $1 -- create Chassis_Private name=$1 chassis=@c >/dev/null; }
chassis hv1 192.168.0.1
ovn-nbctl ls-add sw0; ovn-nbctl lsp-add sw0 p0 -- lsp-set-addresses p0 "0a:00:00:00:00:01 10.0.0.1"
ovn-nbctl lsp-add sw0 p1 -- lsp-set-addresses p1 "0a:00:00:00:00:02 10.0.0.2 fd00::2"
ovn-nbctl acl-add sw0 to-lport 5 ip4 allow-related
ovn-nbctl set NB_Global . options:vxlan_mode=junk options:use_logical_dp_groups=false options:ignore_lsp_down=junk options:use_ct_inv_match=false options:default_acl_drop=junk options:debug_drop_domain_id=300 options:debug_drop_collector_set=999 options:bfd-min-rx=junk options:northd_probe_interval=-1 options:mac_binding_removal_limit=junk options:ecmp_nexthop_monitor_enable=true options:always_tunnel=true options:lb_hairpin_use_ct_mark=false options:install_ls_lb_from_router=true options:enable_chassis_nb_cfg_update=false options:use_common_zone=true options:northd_trim_timeout=5 options:ic_route_adv=x ipsec=true external_ids:a=b name=xx
d=$(ovn-nbctl create DHCP_Options cidr=10.0.0.0/24 options:server_id=junk options:server_mac=junk options:lease_time=junk); ovn-nbctl set Logical_Switch_Port p0 dhcpv4_options=$d
d=$(ovn-nbctl create DHCP_Options cidr=10.0.0.0/24 options:server_id=10.0.0.99 options:server_mac=0a:00:00:00:99:99 options:lease_time=60 options:bogus=1 options:router=10.0.0.254 options:domain_name=\"\\\"a.b\\\"\"); ovn-nbctl set Logical_Switch_Port p1 dhcpv4_options=$d
d=$(ovn-nbctl create DHCP_Options cidr=\"fd00::/64\" options:server_id=junk); ovn-nbctl set Logical_Switch_Port p0 dhcpv6_options=$d
d=$(ovn-nbctl create DHCP_Options cidr=junk options:server_id=0a:00:00:00:99:98); ovn-nbctl set Logical_Switch_Port p1 dhcpv6_options=$d
ovn-nbctl --id=@d create DNS records:A.B="\"10.0.0.1 fd00::1\"" records:junk="\"\"" options:ovn-owned=true external_ids:x=y -- add Logical_Switch sw0 dns_records @d >/dev/null
ovn-nbctl create DNS records:unused=1 >/dev/null
ovn-nbctl create Chassis_Template_Var chassis=hv1 variables:a=b external_ids:x=y >/dev/null; ovn-nbctl create Chassis_Template_Var chassis=nope variables:a=c >/dev/null
ovn-nbctl mirror-add mir0 gre 0 both 10.0.0.200; ovn-nbctl mirror-add mir1 local 1 to-lport junk; ovn-nbctl mirror-add mir2 lport to-lport p1; ovn-nbctl lsp-attach-mirror p0 mir0;  ovn-nbctl lsp-attach-mirror p0 mir2
ovn-nbctl mirror-rule-add mir2 100 'ip4' mirror 2>&1
ovn-nbctl fwd-group-add fg0 sw0 10.0.0.100 0a:00:00:00:01:00 p0 p1; ovn-nbctl --liveness fwd-group-add fg1 sw0 10.0.0.101 0a:00:00:00:01:01 p1
ovn-nbctl --id=@f create Forwarding_Group name=fg2 vip=junk vmac=junk child_port=nope -- add Logical_Switch sw0 forwarding_groups @f >/dev/null
ovn-nbctl set Logical_Switch sw0 external_ids:neutron:network_name=nn external_ids:other=1 other_config:ct-zone-limit=junk other_config:broadcast-arps-to-all-routers=junk other_config:enable-stateless-acl-with-lb=true
ovn-nbctl set Logical_Switch_Port p0 external_ids:neutron:port_name=pn external_ids:other=1 options:ct-zone-limit=5 options:disable_garp_rarp=true options:iface-id-ver=7 options:nat-addresses=junk options:pkt_clone_type=mc_unknown options:hostname=h options:vif-plug-type=x options:qos_min_rate=5 options:qos_ovs_port=x options:activation-strategy=rarp options:mcast_flood=junk
ovn-nbctl create Static_MAC_Binding logical_port=nope ip=10.0.0.1 mac=\"0a:00:00:00:00:01\" >/dev/null
ovn-nbctl create Copp name=cp meters:arp=nope meters:junk=x -- 2>/dev/null >/dev/null; ovn-nbctl copp-add cp2 dhcpv4-opts mm; ovn-nbctl ls-copp-add cp2 sw0
ovn-nbctl sync
