# Router ports that lead nowhere advertise nothing and translate nothing; a port to a router has no advertisements.
ovn-nbctl lr-add r -- set Logical_Router r options:chassis=hv1 options:lb_force_snat_ip=router_ip -- lrp-add r rp 0a:00:00:00:00:01 10.0.5.2/24 fd00:5::2/64 -- set Logical_Router_Port rp ipv6_ra_configs:address_mode=slaac ipv6_ra_configs:send_periodic=true
ovn-nbctl lr-add r2 -- lrp-add r rq 0a:00:00:00:00:02 10.0.6.1/24 fd00:6::1/64 -- set Logical_Router_Port rq peer=rs  ipv6_ra_configs:address_mode=slaac ipv6_ra_configs:send_periodic=true
ovn-nbctl lrp-add r2 rs 0a:00:00:00:00:03 10.0.6.2/24 fd00:6::2/64 -- set Logical_Router_Port rs peer=rq
ovn-nbctl lrp-add r rt 0a:00:00:00:00:04 10.0.7.1/24 fd00:7::1/64 -- set Logical_Router_Port rt peer=nobody  ipv6_ra_configs:address_mode=slaac ipv6_ra_configs:send_periodic=true
ovn-nbctl ls-add s -- lsp-add s sr -- lsp-set-type sr router -- lsp-set-addresses sr router -- lsp-set-options sr router-port=ru 
ovn-nbctl lrp-add r ru 0a:00:00:00:00:05 10.0.8.1/24 fd00:8::1/64 -- set Logical_Router_Port ru ipv6_ra_configs:address_mode=slaac ipv6_ra_configs:send_periodic=true
