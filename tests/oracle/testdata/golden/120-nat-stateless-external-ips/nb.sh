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
ovn-nbctl --id=@r create NAT type=dnat_and_snat external_ip=172.16.0.75 logical_ip=10.0.1.5 allowed_ext_ips=$(ovn-nbctl --bare --columns=_uuid find Address_Set name=good) options:stateless=true -- add Logical_Router r0 nat @r
ovn-nbctl lr-add r1
ovn-nbctl lrp-add r1 r1-ext 0a:00:00:00:fe:01 172.16.0.2/24 -- lsp-add ext ext-r1 -- lsp-set-type ext-r1 router -- lsp-set-addresses ext-r1 router -- lsp-set-options ext-r1 router-port=r1-ext
ovn-nbctl lrp-set-gateway-chassis r1-ext hv1
ovn-nbctl --id=@r create NAT type=dnat_and_snat external_ip=172.16.0.81 logical_ip=10.0.1.5 options:stateless=true exempted_ext_ips=$(ovn-nbctl --bare --columns=_uuid find Address_Set name=good) -- add Logical_Router r1 nat @r
ovn-nbctl lr-add r2
ovn-nbctl lrp-add r2 r2-ext 0a:00:00:00:fe:02 172.16.0.3/24 -- lsp-add ext ext-r2 -- lsp-set-type ext-r2 router -- lsp-set-addresses ext-r2 router -- lsp-set-options ext-r2 router-port=r2-ext
ovn-nbctl lrp-set-gateway-chassis r2-ext hv1
ovn-nbctl --id=@r create NAT type=dnat_and_snat external_ip=172.16.0.82 logical_ip=10.0.1.5 options:stateless=true allowed_ext_ips=$(ovn-nbctl --bare --columns=_uuid find Address_Set name=good) logical_port=p1 external_mac='"0a:00:00:00:cc:01"' -- add Logical_Router r2 nat @r
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
ovn-nbctl sync
