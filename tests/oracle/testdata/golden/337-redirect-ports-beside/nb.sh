ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-nbctl ls-add s
ovn-nbctl lr-add r -- lrp-add r rp 00:00:00:00:00:01 10.0.0.1/24
ovn-nbctl lsp-add s sp -- lsp-set-type sp router -- lsp-set-addresses sp router -- lsp-set-options sp router-port=rp
ovn-nbctl lrp-set-gateway-chassis rp hv1
ovn-nbctl set Logical_Switch_Port sp parent_name=foo tag=7 port_security='"00:00:00:00:00:02 10.0.0.2"'
ovn-nbctl mirror-add m1 lport to-lport sp -- lsp-attach-mirror sp m1
ovn-nbctl lr-add g -- set Logical_Router g options:chassis=hv1 -- lrp-add g gp 00:00:00:00:00:03 10.0.0.3/24
ovn-nbctl lsp-add s sg -- lsp-set-type sg router -- lsp-set-addresses sg router -- lsp-set-options sg router-port=gp
ovn-nbctl lb-add lb 10.96.0.1:80 10.0.0.9:80 -- set Load_Balancer lb options:add_route=true -- lr-lb-add g lb
ovn-nbctl lr-nat-add g dnat_and_snat 10.0.7.7 192.168.0.7
ovn-nbctl set NAT $(ovn-nbctl --bare --columns=_uuid find NAT external_ip=10.0.7.7) options:add_route=true
ovn-nbctl --bfd lr-route-add r 10.8.0.0/16 10.0.0.30 rp
