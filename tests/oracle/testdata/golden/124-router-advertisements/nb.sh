ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-nbctl ls-add sw0
ovn-nbctl lr-add r
ovn-nbctl ls-add s0
ovn-nbctl lrp-add r r-s0 0a:00:00:00:00:01 10.0.0.1/24 fd00::1/64 fd10::1/80 -- lsp-add s0 s0-r -- lsp-set-type s0-r router -- lsp-set-addresses s0-r router -- lsp-set-options s0-r router-port=r-s0
ovn-nbctl set Logical_Router_Port r-s0 ipv6_ra_configs:address_mode=slaac
ovn-nbctl ls-add s1
ovn-nbctl lrp-add r r-s1 0a:00:00:00:01:01 10.1.0.1/24 fd01::1/64 fd11::1/80 -- lsp-add s1 s1-r -- lsp-set-type s1-r router -- lsp-set-addresses s1-r router -- lsp-set-options s1-r router-port=r-s1
ovn-nbctl set Logical_Router_Port r-s1 ipv6_ra_configs:address_mode=dhcpv6_stateful ipv6_ra_configs:send_periodic=true ipv6_ra_configs:max_interval=900 ipv6_ra_configs:min_interval=300 ipv6_ra_configs:mtu=1500 ipv6_ra_configs:router_preference=HIGH ipv6_ra_configs:rdnss="fd00::53" ipv6_ra_configs:dnssl="a.example,b.example" ipv6_ra_configs:route_info="HIGH-fd01::/48,LOW-fd02::/48"
ovn-nbctl ls-add s2
ovn-nbctl lrp-add r r-s2 0a:00:00:00:02:01 10.2.0.1/24 fd02::1/64 fd12::1/80 -- lsp-add s2 s2-r -- lsp-set-type s2-r router -- lsp-set-addresses s2-r router -- lsp-set-options s2-r router-port=r-s2
ovn-nbctl set Logical_Router_Port r-s2 ipv6_ra_configs:address_mode=dhcpv6_stateless ipv6_ra_configs:send_periodic=true ipv6_ra_configs:max_interval=4 ipv6_ra_configs:min_interval=100 ipv6_ra_configs:mtu=1279 ipv6_ra_configs:router_preference=LOW
ovn-nbctl ls-add s3
ovn-nbctl lrp-add r r-s3 0a:00:00:00:03:01 10.3.0.1/24 fd03::1/64 fd13::1/80 -- lsp-add s3 s3-r -- lsp-set-type s3-r router -- lsp-set-addresses s3-r router -- lsp-set-options s3-r router-port=r-s3
ovn-nbctl set Logical_Router_Port r-s3 ipv6_ra_configs:address_mode=bogus ipv6_ra_configs:send_periodic=true
ovn-nbctl ls-add s4
ovn-nbctl lrp-add r r-s4 0a:00:00:00:04:01 10.4.0.1/24 fd04::1/64 fd14::1/80 -- lsp-add s4 s4-r -- lsp-set-type s4-r router -- lsp-set-addresses s4-r router -- lsp-set-options s4-r router-port=r-s4
ovn-nbctl set Logical_Router_Port r-s4 ipv6_ra_configs:send_periodic=true
ovn-nbctl ls-add s5
ovn-nbctl lrp-add r r-s5 0a:00:00:00:05:01 10.5.0.1/24 fd05::1/64 fd15::1/80 -- lsp-add s5 s5-r -- lsp-set-type s5-r router -- lsp-set-addresses s5-r router -- lsp-set-options s5-r router-port=r-s5
ovn-nbctl set Logical_Router_Port r-s5 ipv6_ra_configs:address_mode=slaac ipv6_ra_configs:send_periodic=true ipv6_ra_configs:max_interval=3 ipv6_ra_configs:min_interval=0 ipv6_ra_configs:router_preference=MEDIUM ipv6_ra_configs:mtu=0
ovn-nbctl ls-add s6
ovn-nbctl lrp-add r r-s6 0a:00:00:00:06:01 10.6.0.1/24 fd06::1/64 fd16::1/80 -- lsp-add s6 s6-r -- lsp-set-type s6-r router -- lsp-set-addresses s6-r router -- lsp-set-options s6-r router-port=r-s6
ovn-nbctl set Logical_Router_Port r-s6 ipv6_ra_configs:address_mode=slaac ipv6_ra_configs:send_periodic=TRUE ipv6_ra_configs:max_interval=99999 ipv6_ra_configs:min_interval=abc ipv6_ra_configs:router_preference=bogus ipv6_ra_configs:mtu=abc
ovn-nbctl ls-add s7
ovn-nbctl lrp-add r r-s7 0a:00:00:00:07:01 10.7.0.1/24 fd07::1/64 fd17::1/80 -- lsp-add s7 s7-r -- lsp-set-type s7-r router -- lsp-set-addresses s7-r router -- lsp-set-options s7-r router-port=r-s7
ovn-nbctl set Logical_Router_Port r-s7 ipv6_ra_configs:address_mode=slaac ipv6_ra_configs:send_periodic=true ipv6_ra_configs:max_interval=8
ovn-nbctl ls-add s8
ovn-nbctl lrp-add r r-s8 0a:00:00:00:08:01 10.8.0.1/24 fd08::1/64 fd18::1/80 -- lsp-add s8 s8-r -- lsp-set-type s8-r router -- lsp-set-addresses s8-r router -- lsp-set-options s8-r router-port=r-s8
ovn-nbctl set Logical_Router_Port r-s8 ipv6_ra_configs:address_mode=slaac ipv6_ra_configs:send_periodic=true ipv6_ra_configs:max_interval=1000 ipv6_ra_configs:min_interval=2
ovn-nbctl lrp-add r r-sw0 0a:00:00:00:0f:01 10.15.0.1/24 -- lsp-add sw0 sw0-r -- lsp-set-type sw0-r router -- lsp-set-addresses sw0-r router -- lsp-set-options sw0-r router-port=r-sw0
ovn-nbctl set Logical_Router_Port r-sw0 ipv6_ra_configs:address_mode=slaac ipv6_ra_configs:send_periodic=true
ovn-nbctl lrp-set-enabled r-s1 disabled
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
ovn-nbctl sync
