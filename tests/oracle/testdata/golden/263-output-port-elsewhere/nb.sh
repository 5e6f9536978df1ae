# A static route through a port of another router is a route there. The chassis-redirect port of a switch port has its external_ids.
ovn-nbctl lr-add r1 -- lrp-add r1 r1p 0a:00:00:00:00:01 10.0.1.1/24 fd00:1::1/64
ovn-nbctl lr-add r2 -- lrp-add r2 r2p 0a:00:00:00:00:02 10.0.2.1/24 fd00:2::1/64
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix=10.3.0.0/16 nexthop=10.0.1.9 output_port=r1p -- add Logical_Router r2 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix=10.4.0.0/16 nexthop=10.0.2.9 output_port=r1p -- add Logical_Router r2 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix=10.4.0.0/16 nexthop=10.0.2.10 -- add Logical_Router r2 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix=10.5.0.0/16 nexthop=10.0.2.10 output_port=r1p options:ecmp_symmetric_reply=true -- add Logical_Router r2 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix=10.6.0.0/16 nexthop=10.0.1.10 output_port=r1p policy=src-ip route_table=rt1 -- add Logical_Router r2 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix=10.7.0.0/16 nexthop=discard output_port=r1p -- add Logical_Router r2 static_routes @r
ovn-nbctl lr-add r3 -- lrp-add r3 r3p 0a:00:00:00:00:03 10.0.3.1/24 -- set Logical_Router r3 enabled=false
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix=10.8.0.0/16 nexthop=10.0.3.10 output_port=r3p -- add Logical_Router r2 static_routes @r
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix=10.8.0.0/16 nexthop=10.0.3.10 output_port=r1p -- add Logical_Router r3 static_routes @r
ovn-nbctl ls-add s1 -- lsp-add s1 s1r -- lsp-set-type s1r router -- lsp-set-addresses s1r router -- set Logical_Switch_Port s1r options:router-port=r1p external_ids:neutron:port_name=foo external_ids:x=y
ovn-nbctl lrp-set-gateway-chassis r1p hv1
ovn-nbctl lrp-add r2 r2q 0a:00:00:00:00:05 10.0.5.1/24 -- set Logical_Router_Port r2q enabled=false
ovn-nbctl --id=@r create Logical_Router_Static_Route ip_prefix=10.9.0.0/16 nexthop=10.0.5.10 output_port=r2q -- add Logical_Router r2 static_routes @r
