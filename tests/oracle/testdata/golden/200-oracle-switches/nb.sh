# What the oracle found of switches: each line was once a difference from stock.
ovn-nbctl ls-add sw1
ovn-nbctl ls-add sw2
ovn-nbctl --id=@q create QoS direction=from-lport priority=100 match=ip4 action:dscp=10 action:mark=7 bandwidth:rate=1000 bandwidth:burst=10 -- add Logical_Switch sw1 qos_rules @q
ovn-nbctl --id=@q create QoS direction=to-lport priority=100 match=ip4 action:mark=7 bandwidth:rate=1000 -- add Logical_Switch sw1 qos_rules @q
ovn-nbctl set Logical_Switch sw2 other_config:ct-zone-limit=0
ovn-nbctl lsp-add sw1 v1 -- set Logical_Switch_Port v1 options:ct-zone-limit=0 -- lsp-add sw2 v2 -- set Logical_Switch_Port v2 options:ct-zone-limit=-1
ovn-nbctl lb-add lb1 10.96.0.1:80 10.0.0.1:80,10.0.0.2:80 tcp -- ls-lb-add sw2 lb1
ovn-nbctl --id=@a create ACL action=allow direction=from-lport label=1234 match=ip4 options:apply-after-lb=true priority=1 tier=1 -- add Logical_Switch sw2 acls @a
ovn-nbctl --id=@a create ACL action=allow direction=from-lport label=1234 match=ip4 priority=1 tier=1 -- add Logical_Switch sw2 acls @a
ovn-nbctl --id=@a create ACL action=allow direction=to-lport label=1234 match=ip4 priority=1 tier=1 -- add Logical_Switch sw2 acls @a
ovn-nbctl --id=@a create ACL action=allow direction=from-lport label=1234 match=ip4 options:apply-after-lb=true priority=1 tier=1 -- add Logical_Switch sw1 acls @a
ovn-nbctl --id=@a create ACL action=allow direction=to-lport label=1234 match=ip4 priority=1 tier=1 -- add Logical_Switch sw1 acls @a
ovn-nbctl lb-add lb3 10.96.0.3:80 10.0.0.1:80,10.0.0.2:80 tcp -- ls-lb-add sw1 lb3
ovn-nbctl --id=@h create Load_Balancer_Health_Check vip='"10.96.0.3:80"' -- add Load_Balancer lb3 health_check @h
ovn-nbctl ls-add t2 -- set Logical_Switch t2 other_config:fdb_age_threshold=0
ovn-nbctl ls-add t3 -- set Logical_Switch t3 other_config:fdb_age_threshold=-3 other_config:ct-zone-limit=007
ovn-nbctl ls-add t4 -- set Logical_Switch t4 other_config:interconn-ts='""' other_config:ct-zone-limit=x
ovn-nbctl ls-add q1 -- lsp-add q1 p1 -- set Logical_Switch_Port p1 options:qos_burst=1000
ovn-nbctl ls-add w1
ovn-nbctl --id=@l create Load_Balancer name=lbt1 protocol=tcp options:template=true options:address-family=ipv4 vips='{"[fd00:96::1]:80"="[fd00:1::27]:8080,[fd00:5::9]:8080"}' -- add Logical_Switch w1 load_balancer @l
ovn-nbctl --id=@l create Load_Balancer name=lbt2 protocol=tcp options:template=true options:address-family=ipv4 vips='{"10.96.0.1:80"="10.0.0.1:80,10.0.0.2:8080"}' -- add Logical_Switch w1 load_balancer @l
ovn-nbctl --id=@l create Load_Balancer name=lbt3 protocol=tcp options:template=true options:address-family=ipv6 vips='{"10.96.0.3:80"="10.0.0.1:80,10.0.0.2:8080"}' -- add Logical_Switch w1 load_balancer @l
ovn-nbctl --id=@d create DNS -- add Logical_Switch sw1 dns_records @d
ovn-nbctl --id=@q create QoS direction=to-lport priority=101 match=ip6 -- add Logical_Switch sw1 qos_rules @q
ovn-nbctl ls-add u1 -- --id=@a create ACL action=allow direction=to-lport label=1234 match=ip4 priority=1 -- add Logical_Switch u1 acls @a
ovn-nbctl --id=@l create Load_Balancer name=lbn vips:'"10.96.0.9:80"'='"10.0.0.1:80"' -- add Logical_Switch u1 load_balancer @l
ovn-nbctl ls-add u2 -- --id=@l create Load_Balancer name=lbu vips:'"^vip:80"'='"^backends"' -- add Logical_Switch u2 load_balancer @l
ovn-nbctl set NB_Global . options:debug_drop_collector_set=99
for a in drop reject; do ovn-nbctl --id=@a create ACL action=$a direction=to-lport label=1234 match=ip6 priority=2 -- add Logical_Switch sw1 acls @a; done
ovn-nbctl create Sampling_App type=drop id=42
ovn-sbctl chassis-add hv2 geneve 192.168.0.2
ovn-nbctl lr-add lr1 -- lrp-add lr1 rp1 0a:00:00:00:00:01 10.0.1.253/24
ovn-nbctl --id=@a create Gateway_Chassis name=g1 chassis_name=hv2 priority=3 -- --id=@b create Gateway_Chassis name=g2 chassis_name=hv2 priority=12 -- add Logical_Router_Port rp1 gateway_chassis @a @b
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix=192.168.1.0/24 nexthop=discard options:origin=connected -- add Logical_Router lr1 static_routes @r
ovn-nbctl --id=@c create Copp name=c1 meters:icmp6-error=nometer meters:arp=nometer -- set Logical_Router lr1 copp=@c
ovn-nbctl lsp-add sw1 r1 -- lsp-set-type r1 router -- lsp-set-addresses r1 router -- lsp-set-options r1 router-port=rp1
ovn-nbctl pg-add pg1 r1 v1
ovn-nbctl lr-policy-add lr1 10 ip4 allow
ovn-nbctl --id=@p create Logical_Router_Policy action=allow jump_chain=c1 match=ip6 priority=11 -- add Logical_Router lr1 policies @p
