ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-nbctl ls-add join
ovn-nbctl ls-add a
ovn-nbctl ls-add b
ovn-nbctl lr-add ra
ovn-nbctl lr-add rb
ovn-nbctl lr-add rc
ovn-nbctl lrp-add ra ra-join 0a:00:00:00:01:01 100.64.0.1/16 fd64::1/64 -- lsp-add join join-ra -- lsp-set-type join-ra router -- lsp-set-addresses join-ra router -- lsp-set-options join-ra router-port=ra-join
ovn-nbctl lrp-add rb rb-join 0a:00:00:00:01:02 100.64.0.2/16 fd64::2/64 -- lsp-add join join-rb -- lsp-set-type join-rb router -- lsp-set-addresses join-rb router -- lsp-set-options join-rb router-port=rb-join
ovn-nbctl lrp-add rc rc-join 0a:00:00:00:01:03 100.64.0.3/16 -- lsp-add join join-rc -- lsp-set-type join-rc router -- lsp-set-addresses join-rc router -- lsp-set-options join-rc router-port=rc-join
ovn-nbctl lrp-add ra ra-a 0a:00:00:00:02:01 10.1.0.1/24 -- lsp-add a a-ra -- lsp-set-type a-ra router -- lsp-set-addresses a-ra router -- lsp-set-options a-ra router-port=ra-a
ovn-nbctl lrp-add rb rb-b 0a:00:00:00:02:02 10.2.0.1/24 -- lsp-add b b-rb -- lsp-set-type b-rb router -- lsp-set-addresses b-rb router -- lsp-set-options b-rb router-port=rb-b
ovn-nbctl lrp-set-gateway-chassis ra-join hv1
ovn-nbctl set Logical_Router rb options:chassis=hv1
ovn-nbctl --add-route lr-nat-add ra dnat_and_snat 172.30.0.10 10.1.0.3
ovn-nbctl --add-route lr-nat-add ra snat 172.30.0.11 10.1.0.0/24
ovn-nbctl --add-route lr-nat-add rb dnat_and_snat 172.31.0.10 10.2.0.3
ovn-nbctl lr-nat-add rb dnat_and_snat 172.31.0.12 10.2.0.4
ovn-nbctl --add-route lr-nat-add rb dnat_and_snat fd31::10 fd02::3
ovn-nbctl lb-add l1 172.32.0.1:80 10.1.0.2:80
ovn-nbctl set Load_Balancer l1 options:add_route=true
ovn-nbctl lr-lb-add ra l1
ovn-nbctl lb-add l2 172.32.0.2:80 10.2.0.2:80
ovn-nbctl set Load_Balancer l2 options:add_route=true
ovn-nbctl lr-lb-add rb l2
ovn-nbctl lb-add l3 '[fd32::2]:80' '[fd02::2]:80'
ovn-nbctl set Load_Balancer l3 options:add_route=true
ovn-nbctl lr-lb-add rb l3
ovn-nbctl lb-add l5 172.32.0.5:80 10.2.0.2:80
ovn-nbctl lr-lb-add rb l5
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
ovn-nbctl sync
