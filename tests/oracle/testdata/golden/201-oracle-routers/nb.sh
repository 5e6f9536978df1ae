# What the oracle found of routers: each line was once a difference from stock.
ovn-nbctl ls-add sw1
ovn-nbctl lsp-add sw1 v1 -- lsp-set-addresses v1 "0a:00:00:00:00:09 10.0.1.9"
ovn-nbctl lr-add lr1
for i in 1 2; do ovn-nbctl lrp-add lr1 rp$i 0a:00:00:00:00:0$i 10.0.1.25$i/24 fd00:1::$i/64 -- lsp-add sw1 p$i -- lsp-set-type p$i router -- lsp-set-addresses p$i router -- lsp-set-options p$i router-port=rp$i; done
ovn-nbctl set Logical_Router_Port rp1 options:prefix=true
ovn-nbctl set Logical_Router_Port rp2 options:prefix_delegation=true
ovn-nbctl lr-add lr2
ovn-nbctl lrp-add lr2 rp3 0a:00:00:00:00:03 10.0.2.253/24 -- set Logical_Router_Port rp3 options:prefix=true options:prefix_delegation=true
ovn-nbctl lr-add lr5
ovn-nbctl lrp-add lr5 rp7 0a:00:00:00:00:07 10.0.7.1/30 peer=rp8 -- set Logical_Router_Port rp7 options:prefix=true
ovn-nbctl lr-add lr6
ovn-nbctl lrp-add lr6 rp8 0a:00:00:00:00:08 10.0.7.2/30
ovn-nbctl lrp-add lr6 rp9 0a:00:00:00:00:0c 10.0.10.2/30 peer=rp2
ovn-nbctl lrp-add lr6 rpa 0a:00:00:00:00:0d 10.0.11.2/30 peer=rpnone
ovn-nbctl --id=@n create NAT type=dnat external_ip=10.0.2.240 logical_ip=10.0.9.0/24 -- add Logical_Router lr2 nat @n
ovn-nbctl --id=@n create NAT type=dnat_and_snat external_ip=10.0.2.241 logical_ip=10.0.8.0/24 -- add Logical_Router lr2 nat @n
ovn-nbctl lb-add lb2 10.96.0.2:80 10.0.0.1:80,10.0.0.2:80 tcp -- lr-lb-add lr2 lb2
ovn-nbctl --id=@h create Load_Balancer_Health_Check vip='"10.96.0.2:80"' -- add Load_Balancer lb2 health_check @h
ovn-nbctl set Logical_Router lr2 options:ct-zone-limit=0
ovn-nbctl lr-add ecmp -- lrp-add ecmp e1 0a:00:00:00:00:01 10.0.4.254/24 fd00:4::1/64
for f in tp_dst ip_src,tp_src ip_proto eth_src; do
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix=192.${#f}.0.0/16 nexthop=10.0.4.29 selection_fields=$f -- --id=@s create Logical_Router_Static_Route ip_prefix=192.${#f}.0.0/16 nexthop=10.0.4.30 selection_fields=$f -- add Logical_Router ecmp static_routes @r @s
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix=191.${#f}.0.0/16 nexthop=10.0.4.29 options:ecmp_symmetric_reply=true selection_fields=$f -- add Logical_Router ecmp static_routes @r
done
ovn-nbctl lr-add bfd -- lrp-add bfd b1 0a:00:00:00:00:01 10.0.13.254/24
ovn-nbctl lrp-add bfd b2 0a:00:00:00:00:02 10.0.14.254/24
ovn-nbctl --id=@b create BFD logical_port=b2 dst_ip=10.0.14.1 -- --id=@r create Logical_Router_Static_Route ip_prefix=192.168.0.0/16 nexthop=10.0.14.1 output_port=b1 bfd=@b -- add Logical_Router bfd static_routes @r
ovn-nbctl lr-add off
ovn-nbctl lrp-add off off1 0a:00:00:00:00:01 10.0.12.253/24 -- lsp-add sw1 o1 -- lsp-set-type o1 router -- lsp-set-addresses o1 router -- lsp-set-options o1 router-port=off1
ovn-nbctl set Logical_Router off enabled=false
