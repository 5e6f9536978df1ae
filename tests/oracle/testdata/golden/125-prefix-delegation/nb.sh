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
ovn-nbctl set Logical_Router_Port r0-ext options:prefix_delegation=true
ovn-nbctl set Logical_Router_Port r0-sw0 options:prefix=true ipv6_prefix='"fd77::/64"'
ovn-nbctl lr-add g -- set Logical_Router g options:chassis=hv2
ovn-nbctl lrp-add g g-ext 0a:00:00:00:ff:55 172.16.0.55/24 -- lsp-add ext ext-g -- lsp-set-type ext-g router -- lsp-set-addresses ext-g router -- lsp-set-options ext-g router-port=g-ext
ovn-nbctl ls-add sw5
ovn-nbctl lrp-add g g-sw5 0a:00:00:00:ff:56 10.5.0.1/24 -- lsp-add sw5 sw5-g -- lsp-set-type sw5-g router -- lsp-set-addresses sw5-g router -- lsp-set-options sw5-g router-port=g-sw5
ovn-nbctl set Logical_Router_Port g-ext options:prefix_delegation=true options:prefix=true
ovn-nbctl set Logical_Router_Port g-sw5 options:prefix=true options:prefix_delegation=false ipv6_prefix='"fd78::/64"'
ovn-nbctl lr-add d
ovn-nbctl lrp-add d d-sw5 0a:00:00:00:ff:57 10.5.0.2/24 -- lsp-add sw5 sw5-d -- lsp-set-type sw5-d router -- lsp-set-addresses sw5-d router -- lsp-set-options sw5-d router-port=d-sw5
ovn-nbctl set Logical_Router_Port d-sw5 options:prefix_delegation=true options:prefix=true ipv6_prefix='"fd79::/64"'
ovn-sbctl set Port_Binding r0-sw0 options:ipv6_ra_pd_list='"66000:fd66::/64"'
ovn-nbctl sync
ovn-nbctl set Logical_Router_Port r0-sw0 external_ids:x=y
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
ovn-nbctl sync
