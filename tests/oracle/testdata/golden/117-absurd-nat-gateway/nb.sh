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
ovn-nbctl set Logical_Router r0 options:chassis=hv1
ovn-nbctl --id=@r create NAT type=snat external_ip=bad logical_ip='"10.0.0.0/24"' -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=snat external_ip=172.16.0.30 logical_ip=bad -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=snat external_ip='"172.16.0.31/24"' logical_ip=10.0.0.3 -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=dnat external_ip=172.16.0.32 logical_ip='"10.0.0.0/24"' -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=dnat_and_snat external_ip=172.16.0.33 logical_ip='"10.0.0.0/24"' -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=snat external_ip=172.16.0.34 logical_ip='"fd00::/64"' -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=dnat_and_snat external_ip=172.16.0.35 logical_ip=10.0.0.5 logical_port=nosuch external_mac='"0a:00:00:00:bb:01"' -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=dnat_and_snat external_ip=172.16.0.36 logical_ip=10.0.0.5 logical_port=p1 external_mac=bad -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=dnat_and_snat external_ip=172.16.0.37 logical_ip=10.0.0.5 logical_port=p1 external_mac='"0a:00:00:00:bb:02"' -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=snat external_ip=172.16.0.1 logical_ip='"10.0.1.0/24"' -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=dnat_and_snat external_ip=172.16.0.1 logical_ip=10.0.0.8 -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=snat external_ip=172.16.0.41 logical_ip='"0.0.0.0/0"' -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=snat external_ip=172.16.0.41 logical_ip='"10.0.2.0/24"' -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=dnat external_ip=172.16.0.42 logical_ip=10.0.0.5 external_port_range=1000-2000 -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=snat external_ip=172.16.0.43 logical_ip=10.0.0.6 external_port_range=5 -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=dnat_and_snat external_ip=172.16.0.45 logical_ip=10.0.0.7 options:stateless=true -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=dnat_and_snat external_ip=172.16.0.46 logical_ip=10.0.0.17 match=tcp priority=7 -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=dnat external_ip=172.16.0.47 logical_ip=10.0.0.18 match='"udp.dst == 5"' priority=8 -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=snat external_ip=172.16.0.48 logical_ip='"10.0.9.0/24"' match='"udp.dst == 5"' priority=9 -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=snat external_ip=172.16.0.49 logical_ip='"10.0.10.0/24"' priority=9 -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=snat external_ip='"2001:db8::50"' logical_ip='"fd00::/64"' match=tcp -- add Logical_Router r0 nat @r
ovn-nbctl --id=@r create NAT type=dnat_and_snat external_ip='"2001:db8::51"' logical_ip='"fd00::5"' options:stateless=true -- add Logical_Router r0 nat @r
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
ovn-nbctl sync
