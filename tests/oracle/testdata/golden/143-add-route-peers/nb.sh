ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-nbctl lr-add a
ovn-nbctl lr-add b
ovn-nbctl ls-add sa
ovn-nbctl ls-add sb
ovn-nbctl lrp-add a a-b 0a:00:00:00:00:0a 10.9.0.1/30 peer=b-a
ovn-nbctl lrp-add b b-a 0a:00:00:00:00:0b 10.9.0.2/30 peer=a-b
ovn-nbctl lrp-add a a-sa 0a:00:00:00:02:01 10.1.0.1/24 -- lsp-add sa sa-a -- lsp-set-type sa-a router -- lsp-set-addresses sa-a router -- lsp-set-options sa-a router-port=a-sa
ovn-nbctl lrp-add b b-sb 0a:00:00:00:02:02 10.2.0.1/24 -- lsp-add sb sb-b -- lsp-set-type sb-b router -- lsp-set-addresses sb-b router -- lsp-set-options sb-b router-port=b-sb
ovn-nbctl set Logical_Router b options:chassis=hv1
ovn-nbctl --add-route lr-nat-add b dnat_and_snat 172.31.0.10 10.2.0.3
ovn-nbctl lb-add l2 172.32.0.2:80 10.2.0.2:80
ovn-nbctl set Load_Balancer l2 options:add_route=true
ovn-nbctl lr-lb-add b l2
ovn-nbctl lr-nat-add b dnat_and_snat 10.9.0.2 10.2.0.4
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
ovn-nbctl sync
