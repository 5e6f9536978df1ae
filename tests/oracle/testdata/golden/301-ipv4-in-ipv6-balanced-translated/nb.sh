ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-nbctl ls-add sw0
ovn-nbctl lr-add r0
ovn-nbctl -- --id=@p create Logical_Router_Port name=r0-sw0 'mac="0a:00:00:00:ff:00"' 'networks=["10.0.0.1/24","::ffff:10.0.0.1/120","::1.2.3.1/120"]' -- add Logical_Router r0 ports @p
ovn-nbctl lsp-add sw0 sw0-r0 -- lsp-set-type sw0-r0 router -- lsp-set-addresses sw0-r0 router -- lsp-set-options sw0-r0 router-port=r0-sw0
ovn-nbctl lrp-set-gateway-chassis r0-sw0 hv1
ovn-nbctl lsp-add sw0 p1 -- set Logical_Switch_Port p1 'addresses="0a:00:00:00:00:01 ::1.2.3.4 ::ffff:10.0.0.5 10.0.0.5"'
ovn-nbctl lb-add lb1 '[::ffff:10.0.0.20]:80' '[::ffff:10.0.0.21]:80,[::1.2.3.4]:80'
ovn-nbctl set Load_Balancer lb1 options:affinity_timeout=10
ovn-nbctl lr-lb-add r0 lb1
ovn-nbctl ls-lb-add sw0 lb1
ovn-nbctl lb-add lb2 ::ffff:10.0.0.20 ::ffff:10.0.0.21,::1.2.3.4
ovn-nbctl set Load_Balancer lb2 options:neighbor_responder=all
ovn-nbctl lr-lb-add r0 lb2
ovn-nbctl ls-lb-add sw0 lb2
ovn-nbctl lb-add lb3 '[::1.2.3.20]:80' '[::102:305]:80'
ovn-nbctl set Load_Balancer lb3 options:hairpin_snat_ip=::1.2.3.5
ovn-nbctl lr-lb-add r0 lb3
ovn-nbctl ls-lb-add sw0 lb3
ovn-nbctl lb-add lb4 ::102:314 ::1.2.3.4
ovn-nbctl set Load_Balancer lb4 options:neighbor_responder=all
ovn-nbctl lr-lb-add r0 lb4
ovn-nbctl ls-lb-add sw0 lb4
ovn-nbctl lb-add lb5 '[fd00::1]:80' '[::1.2.3.4]:80'
ovn-nbctl set Load_Balancer lb5 'ip_port_mappings:"[::1.2.3.4]"="p1:[::1.2.3.9]"'
ovn-nbctl lr-lb-add r0 lb5
ovn-nbctl ls-lb-add sw0 lb5
ovn-nbctl -- --id=@h create Load_Balancer_Health_Check 'vip="[fd00::1]:80"' -- add Load_Balancer lb5 health_check @h
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="::ffff:10.0.0.9"' 'logical_ip="::1.2.3.4"' -- add Logical_Router r0 nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="::1.2.3.7"' 'logical_ip="::1.2.3.8"' -- add Logical_Router r0 nat @n
ovn-nbctl -- --id=@n create NAT type=dnat_and_snat 'external_ip="::102:309"' 'logical_ip="fd00::9"' -- add Logical_Router r0 nat @n
ovn-nbctl -- --id=@n create NAT type=snat 'external_ip="::1.2.3.10"' 'logical_ip="::1.2.3.0/120"' -- add Logical_Router r0 nat @n
ovn-nbctl -- --id=@n create NAT type=snat 'external_ip="::ffff:10.0.0.30"' 'logical_ip="fd00::/64"' -- add Logical_Router r0 nat @n
ovn-nbctl -- --id=@n create NAT type=snat 'external_ip="fd00::77"' 'logical_ip="::ffff:10.0.0.0/120"' -- add Logical_Router r0 nat @n
ovn-nbctl set Logical_Switch_Port sw0-r0 options:nat-addresses=router
ovn-nbctl set Logical_Router_Port r0-sw0 ipv6_ra_configs:address_mode=slaac ipv6_ra_configs:send_periodic=true
