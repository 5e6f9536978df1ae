ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-nbctl meter-add m1 drop 10 kbps
ovn-nbctl --id=@c create Copp name=c1 meters:nd-na=m1 -- ls-add s0 -- set Logical_Switch s0 copp=@c
ovn-nbctl lr-add r1 -- lrp-add r1 rp1 00:00:00:00:00:01 10.0.1.1/24 fd00:1::1/64
ovn-nbctl lsp-add s0 p1 -- set Logical_Switch_Port p1 type=router options:router-port=rp1 addresses=router options:arp_proxy='"10.9.0.9 fd09::/64"'
ovn-nbctl lr-add r2 -- lrp-add r2 rp2 00:00:00:00:00:02 10.0.2.1/24 fd00:2::1/64
ovn-nbctl ls-add s2
ovn-nbctl lsp-add s2 p2 -- set Logical_Switch_Port p2 type=router options:router-port=rp2 addresses=router options:arp_proxy='"0a:00:00:00:00:aa 10.9.0.9/16 fd09::7/64 fd0a::5"'
ovn-nbctl lr-add r3 -- lrp-add r3 rp3 00:00:00:00:00:03 10.0.3.1/24 fd00:3::1/64
ovn-nbctl ls-add s3
ovn-nbctl lsp-add s3 p3 -- set Logical_Switch_Port p3 type=router options:router-port=rp3 addresses=router options:arp_proxy='"10.9.0.9 nonsense fd09::/64"'
ovn-nbctl lr-add r4 -- lrp-add r4 rp4 00:00:00:00:00:04 10.0.4.1/24 fd00:4::1/64
ovn-nbctl ls-add s4
ovn-nbctl lsp-add s4 p4 -- set Logical_Switch_Port p4 type=router options:router-port=rp4 addresses=router options:arp_proxy='"10.9.0.9 0a:00:00:00:00:aa"'
ovn-nbctl lr-add r5 -- lrp-add r5 rp5 00:00:00:00:00:05 10.0.5.1/24 fd00:5::1/64
ovn-nbctl ls-add s5
ovn-nbctl lsp-add s5 p5 -- set Logical_Switch_Port p5 type=router options:router-port=rp5 addresses=router options:arp_proxy='"fe80::/64"'
ovn-nbctl lr-add r6 -- lrp-add r6 rp6 00:00:00:00:00:06 10.0.6.1/24 fd00:6::1/64
ovn-nbctl ls-add s6
ovn-nbctl lsp-add s6 p6 -- set Logical_Switch_Port p6 type=router options:router-port=rp6 addresses=router options:arp_proxy='"nonsense"'
ovn-nbctl lb-add lb7 10.96.0.7:80 10.0.1.9:80 -- set Load_Balancer lb7 options:event=true
ovn-nbctl --id=@h create Load_Balancer_Health_Check vip='"10.96.0.7:80"' -- add Load_Balancer lb7 health_check @h
ovn-nbctl lr-lb-add r1 lb7 -- ls-lb-add s0 lb7
ovn-nbctl lb-add lb8 10.96.0.8:80 '' -- set Load_Balancer lb8 options:event=true
ovn-nbctl lr-lb-add r1 lb8 -- ls-lb-add s0 lb8
ovn-nbctl lb-add lb9 10.96.0.9:80 10.0.1.9:80 -- set Load_Balancer lb9 options:reject=true
ovn-nbctl --id=@h create Load_Balancer_Health_Check vip='"10.96.0.9:80"' -- add Load_Balancer lb9 health_check @h
ovn-nbctl lr-lb-add r1 lb9 -- ls-lb-add s0 lb9
ovn-nbctl lb-add lb10 10.96.0.10:80 '' -- set Load_Balancer lb10 options:reject=true
ovn-nbctl lr-lb-add r1 lb10 -- ls-lb-add s0 lb10
ovn-nbctl --template lb-add lbt ^vip:80 ^b tcp ipv4 -- set Load_Balancer lbt options:neighbor_responder=all -- lr-lb-add r2 lbt
ovn-nbctl --template lb-add lbu ^vip6:80 ^b tcp ipv6 -- set Load_Balancer lbu options:neighbor_responder=all -- lr-lb-add r2 lbu -- lr-lb-add r3 lbu
ovn-nbctl lb-add lbx 10.0.2.77:80 '' -- lb-add lby 10.99.2.77:80 '' -- set Load_Balancer lby options:neighbor_responder=all -- lr-lb-add r2 lbx -- lr-lb-add r2 lby
ovn-nbctl lsp-add s0 v1 -- lsp-set-addresses v1 "0a:00:00:00:03:3c  10.0.2.31/24  fd00:2::27/64 "
ovn-nbctl lsp-add s0 v2 -- lsp-set-addresses v2 "0a:00:00:00:03:3d 10.0.3.0/24 fd00:3::/64"
ovn-nbctl pg-add pg1 v1 v2
