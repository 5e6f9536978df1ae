ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-sbctl chassis-add hv2 geneve 192.168.0.2 -- set Chassis hv2 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv2 -- create Chassis_Private name=hv2 chassis=@c
ovn-nbctl sync
ovn-nbctl ls-add sw0
ovn-nbctl ls-add ext
ovn-nbctl lr-add r0
ovn-nbctl lrp-add r0 r0-sw0 0a:00:00:00:ff:01 10.0.0.254/24 fd00::1/64 -- lsp-add sw0 sw0-r0 -- lsp-set-type sw0-r0 router -- lsp-set-addresses sw0-r0 router -- lsp-set-options sw0-r0 router-port=r0-sw0
ovn-nbctl lrp-add r0 r0-ext 0a:00:00:00:ff:04 172.16.0.1/24 2001:db8::1/64 -- lsp-add ext ext-r0 -- lsp-set-type ext-r0 router -- lsp-set-addresses ext-r0 router -- lsp-set-options ext-r0 router-port=r0-ext
ovn-nbctl lsp-add ext ln-ext -- lsp-set-type ln-ext localnet -- lsp-set-addresses ln-ext unknown -- lsp-set-options ln-ext network_name=phys
ovn-nbctl lsp-add sw0 p1 -- lsp-set-addresses p1 '0a:00:00:00:00:01 10.0.0.1 fd00::11'
ovn-nbctl lsp-add sw0 p2 -- lsp-set-addresses p2 '0a:00:00:00:00:02 10.0.0.2'
ovn-nbctl lrp-set-gateway-chassis r0-ext hv1 10
ovn-nbctl create Address_Set name=good addresses=203.0.113.1,203.0.113.2
ovn-nbctl create Address_Set name=good6 addresses='"2001:db8:5::1"'
ovn-nbctl --id=@r create NAT type=snat external_ip=172.16.0.61 logical_ip='"10.0.61.0/24"' allowed_ext_ips=$(ovn-nbctl --bare --columns=_uuid find Address_Set name=good) -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=snat external_ip=172.16.0.62 logical_ip='"10.0.62.0/24"' allowed_ext_ips=$(ovn-nbctl --bare --columns=_uuid find Address_Set name=good) match=tcp priority=5 -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=snat external_ip=172.16.0.63 logical_ip='"10.0.63.0/24"' exempted_ext_ips=$(ovn-nbctl --bare --columns=_uuid find Address_Set name=good) -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=snat external_ip=172.16.0.64 logical_ip='"10.0.64.0/24"' exempted_ext_ips=$(ovn-nbctl --bare --columns=_uuid find Address_Set name=good) match=tcp priority=5 -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=dnat external_ip=172.16.0.65 logical_ip=10.0.65.5 allowed_ext_ips=$(ovn-nbctl --bare --columns=_uuid find Address_Set name=good) -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=dnat external_ip=172.16.0.66 logical_ip=10.0.66.5 allowed_ext_ips=$(ovn-nbctl --bare --columns=_uuid find Address_Set name=good) match=tcp priority=5 -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=dnat external_ip=172.16.0.67 logical_ip=10.0.67.5 exempted_ext_ips=$(ovn-nbctl --bare --columns=_uuid find Address_Set name=good) -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=dnat external_ip=172.16.0.68 logical_ip=10.0.68.5 exempted_ext_ips=$(ovn-nbctl --bare --columns=_uuid find Address_Set name=good) match=tcp priority=5 -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=dnat_and_snat external_ip=172.16.0.69 logical_ip=10.0.69.5 allowed_ext_ips=$(ovn-nbctl --bare --columns=_uuid find Address_Set name=good) -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=dnat_and_snat external_ip=172.16.0.70 logical_ip=10.0.70.5 allowed_ext_ips=$(ovn-nbctl --bare --columns=_uuid find Address_Set name=good) match=tcp priority=5 -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=dnat_and_snat external_ip=172.16.0.71 logical_ip=10.0.71.5 allowed_ext_ips=$(ovn-nbctl --bare --columns=_uuid find Address_Set name=good) logical_port=p1 external_mac='"0a:00:00:00:cc:47"' -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=dnat_and_snat external_ip=172.16.0.72 logical_ip=10.0.72.5 exempted_ext_ips=$(ovn-nbctl --bare --columns=_uuid find Address_Set name=good) -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=dnat_and_snat external_ip=172.16.0.73 logical_ip=10.0.73.5 exempted_ext_ips=$(ovn-nbctl --bare --columns=_uuid find Address_Set name=good) match=tcp priority=5 -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=dnat_and_snat external_ip=172.16.0.74 logical_ip=10.0.74.5 exempted_ext_ips=$(ovn-nbctl --bare --columns=_uuid find Address_Set name=good) logical_port=p1 external_mac='"0a:00:00:00:cc:4a"' -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=snat external_ip=172.16.0.99 logical_ip='"10.0.99.0/24"' allowed_ext_ips=$(ovn-nbctl --bare --columns=_uuid find Address_Set name=good) exempted_ext_ips=$(ovn-nbctl --bare --columns=_uuid find Address_Set name=good) -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=snat external_ip='"2001:db8::99"' logical_ip='"fd00::/64"' allowed_ext_ips=$(ovn-nbctl --bare --columns=_uuid find Address_Set name=good6) -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=dnat_and_snat external_ip='"2001:db8::98"' logical_ip='"fd00::98"' exempted_ext_ips=$(ovn-nbctl --bare --columns=_uuid find Address_Set name=good6) -- add Logical_Router r0 nat @r
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
ovn-nbctl sync
