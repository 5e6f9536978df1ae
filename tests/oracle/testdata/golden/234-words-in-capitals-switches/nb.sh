ovn-sbctl chassis-add hv1 geneve 192.168.0.1
T=TRUE
ovn-nbctl ls-add sw0; ovn-nbctl set Logical_Switch sw0 other_config:mcast_snoop=$T other_config:mcast_querier=FALSE other_config:mcast_flood_unregistered=$T other_config:vlan-passthru=$T other_config:broadcast-arps-to-all-routers=FALSE other_config:mcast_eth_src=0a:00:00:00:00:01 other_config:mcast_ip4_src=1.1.1.1
ovn-nbctl lsp-add sw0 p0 -- lsp-set-addresses p0 "0a:00:00:00:00:01 10.0.0.1" -- lsp-set-options p0 mcast_flood=$T mcast_flood_reports=$T disable_garp_rarp=$T
ovn-nbctl lsp-add sw0 ln -- lsp-set-type ln localnet -- lsp-set-addresses ln unknown -- lsp-set-options ln network_name=ph localnet_learn_fdb=$T
ovn-nbctl lr-add r0; ovn-nbctl lrp-add r0 rp0 0a:00:00:00:01:01 10.0.0.254/24; ovn-nbctl lsp-add sw0 sp0 -- lsp-set-type sp0 router -- lsp-set-options sp0 router-port=rp0 enable_router_port_acl=$T exclude-lb-vips-from-garp=$T -- lsp-set-addresses sp0 router
ovn-nbctl acl-add sw0 from-lport 1 ip4 allow-related; ovn-nbctl set ACL $(ovn-nbctl --bare --columns=_uuid list ACL) options:persist-established=$T options:log-related=$T
ovn-nbctl --apply-after-lb acl-add sw0 from-lport 2 ip4 drop; for a in $(ovn-nbctl --bare --columns=_uuid find ACL action=drop); do ovn-nbctl set ACL $a options:apply-after-lb=$T; done
ovn-nbctl --id=@d create DNS records:a.b=1.2.3.4 options:ovn-owned=$T -- add Logical_Switch sw0 dns_records @d >/dev/null
d=$(ovn-nbctl create DHCP_Options cidr=10.0.0.0/24 options:server_id=10.0.0.254 options:server_mac=0a:00:00:00:01:01 options:lease_time=60 options:ip_forward_enable=TRUE options:router_discovery=1); ovn-nbctl lsp-set-dhcpv4-options p0 $d
d=$(ovn-nbctl create DHCP_Options cidr='"fd00::/64"' options:server_id=0a:00:00:00:01:01 options:dhcpv6_stateless=$T); ovn-nbctl lsp-set-dhcpv6-options p0 $d
ovn-nbctl set NB_Global . options:controller_event=$T options:ignore_lsp_down=$T options:default_acl_drop=$T options:use_ct_inv_match=FALSE options:always_tunnel=$T options:debug_drop_mode=$T options:ignore_chassis_features=$T
ovn-nbctl lb-add l0 10.0.0.100:80 ""; ovn-nbctl set Load_Balancer l0 options:reject=$T options:hairpin_snat_ip=1.1.1.1; ovn-nbctl ls-lb-add sw0 l0; ovn-nbctl lb-add l1 10.0.0.101:80 ""; ovn-nbctl set Load_Balancer l1 options:event=$T;  ovn-nbctl ls-lb-add sw0 l1
ovn-nbctl set Logical_Switch sw0 other_config:enable-stateless-acl-with-lb=$T
