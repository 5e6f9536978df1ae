ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-sbctl chassis-add hv2 geneve 192.168.0.2 -- set Chassis hv2 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv2 -- create Chassis_Private name=hv2 chassis=@c
ovn-nbctl sync
ovn-nbctl ha-chassis-group-add g1
ovn-nbctl ha-chassis-group-add-chassis g1 hv1 10
ovn-nbctl ha-chassis-group-add-chassis g1 hv2 20
ovn-nbctl ha-chassis-group-add-chassis g1 nosuch 30
ovn-nbctl ha-chassis-group-add empty
ovn-nbctl ha-chassis-group-add unused
ovn-nbctl ha-chassis-group-add-chassis unused hv1 5
ovn-nbctl ls-add sw0
ovn-nbctl ls-add sw1
ovn-nbctl ls-add join
ovn-nbctl ls-add ext
ovn-nbctl lr-add r0
ovn-nbctl lr-add r1
ovn-nbctl lr-add r2
ovn-nbctl lrp-add r0 r0-sw0 0a:00:00:00:ff:01 10.0.0.254/24 -- lsp-add sw0 sw0-r0 -- lsp-set-type sw0-r0 router -- lsp-set-addresses sw0-r0 router -- lsp-set-options sw0-r0 router-port=r0-sw0
ovn-nbctl lrp-add r0 r0-ext 0a:00:00:00:ff:02 172.16.0.1/24 -- lsp-add ext ext-r0 -- lsp-set-type ext-r0 router -- lsp-set-addresses ext-r0 router -- lsp-set-options ext-r0 router-port=r0-ext
ovn-nbctl lrp-add r0 r0-join 0a:00:00:00:ff:03 100.64.0.1/16 -- lsp-add join join-r0 -- lsp-set-type join-r0 router -- lsp-set-addresses join-r0 router -- lsp-set-options join-r0 router-port=r0-join
ovn-nbctl lrp-add r1 r1-join 0a:00:00:00:ff:04 100.64.0.2/16 -- lsp-add join join-r1 -- lsp-set-type join-r1 router -- lsp-set-addresses join-r1 router -- lsp-set-options join-r1 router-port=r1-join
ovn-nbctl lrp-add r1 r1-sw1 0a:00:00:00:ff:05 10.1.0.1/24 -- lsp-add sw1 sw1-r1 -- lsp-set-type sw1-r1 router -- lsp-set-addresses sw1-r1 router -- lsp-set-options sw1-r1 router-port=r1-sw1
ovn-nbctl lrp-add r2 r2-ext 0a:00:00:00:ff:06 172.16.0.2/24 -- lsp-add ext ext-r2 -- lsp-set-type ext-r2 router -- lsp-set-addresses ext-r2 router -- lsp-set-options ext-r2 router-port=r2-ext
ovn-nbctl lsp-add ext ln-ext -- lsp-set-type ln-ext localnet -- lsp-set-addresses ln-ext unknown -- lsp-set-options ln-ext network_name=phys
ovn-nbctl set Logical_Router_Port r0-ext ha_chassis_group=$(ovn-nbctl --bare --columns=_uuid find HA_Chassis_Group name=g1)
ovn-nbctl set Logical_Router_Port r2-ext ha_chassis_group=$(ovn-nbctl --bare --columns=_uuid find HA_Chassis_Group name=empty)
ovn-nbctl lrp-set-gateway-chassis r2-ext hv1 3
ovn-nbctl lsp-add sw0 p0
ovn-nbctl lsp-add sw1 p1
ovn-nbctl lsp-add ext pe -- lsp-set-type pe external -- lsp-set-addresses pe '0a:00:00:00:00:01 172.16.0.9'
ovn-nbctl set Logical_Switch_Port pe ha_chassis_group=$(ovn-nbctl --bare --columns=_uuid find HA_Chassis_Group name=g1)
ovn-nbctl lrp-set-gateway-chassis r1-join hv2 7
ovn-nbctl lrp-set-gateway-chassis r1-join nosuch 8
ovn-nbctl lrp-set-gateway-chassis r1-join hv1 9
ovn-sbctl lsp-bind p0 hv1 -- set Port_Binding p0 up=true
ovn-sbctl lsp-bind p1 hv2 -- set Port_Binding p1 up=true
ovn-sbctl lsp-bind cr-r0-ext hv2
ovn-nbctl sync
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
ovn-nbctl sync
