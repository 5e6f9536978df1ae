ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-nbctl ls-add join
ovn-nbctl lr-add ra
ovn-nbctl lr-add rb
ovn-nbctl lrp-add ra ra-join 0a:00:00:00:01:01 100.64.0.1/16 -- lsp-add join join-ra -- lsp-set-type join-ra router -- lsp-set-addresses join-ra router -- lsp-set-options join-ra router-port=ra-join
ovn-nbctl lrp-add rb rb-join 0a:00:00:00:01:02 100.64.0.2/16 -- lsp-add join join-rb -- lsp-set-type join-rb router -- lsp-set-addresses join-rb router -- lsp-set-options join-rb router-port=rb-join
ovn-nbctl lrp-set-gateway-chassis ra-join hv1
ovn-nbctl set Logical_Router rb options:chassis=hv1
ovn-nbctl set Logical_Router ra options:dynamic_neigh_routers=true
ovn-nbctl --add-route lr-nat-add rb dnat_and_snat 172.31.0.10 10.2.0.3
ovn-nbctl --add-route lr-nat-add ra dnat_and_snat 172.31.0.20 10.2.0.3
ovn-nbctl lr-route-add rb 172.31.0.20 100.64.0.1
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
ovn-nbctl sync
