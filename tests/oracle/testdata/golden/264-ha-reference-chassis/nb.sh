ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-sbctl chassis-add hv2 geneve 192.168.0.2 -- set Chassis hv2 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv2 -- create Chassis_Private name=hv2 chassis=@c
ovn-nbctl sync
# Whatever port is bound within reach of a gateway with a choice of chassis, its chassis refers to the group.
ovn-nbctl lr-add r1 -- lrp-add r1 r1p 0a:00:00:00:00:01 10.0.1.1/24
ovn-nbctl lrp-add r1 r1q 0a:00:00:00:00:02 10.0.2.1/24
ovn-nbctl lrp-set-gateway-chassis r1p hv1 20
ovn-nbctl lrp-set-gateway-chassis r1p hv2 10
ovn-nbctl ls-add s1
ovn-nbctl lsp-add s1 s1r -- lsp-set-type s1r router -- lsp-set-addresses s1r router -- lsp-set-options s1r router-port=r1q
ovn-sbctl set Port_Binding s1r chassis=$(ovn-sbctl --bare --columns=_uuid find Chassis name=hv1)
ovn-nbctl sync
ovn-nbctl lr-add r2 -- lrp-add r2 r2p 0a:00:00:00:00:03 10.0.3.1/24
ovn-nbctl lrp-add r2 r2q 0a:00:00:00:00:04 10.0.4.1/24
ovn-nbctl lrp-set-gateway-chassis r2p hv1 20
ovn-nbctl lrp-set-gateway-chassis r2p hv2 10
ovn-nbctl ls-add s2
ovn-nbctl lsp-add s2 s2r -- lsp-set-type s2r router -- lsp-set-addresses s2r router -- lsp-set-options s2r router-port=r2q
ovn-nbctl lsp-add s2 l2 -- lsp-set-type l2 l2gateway -- lsp-set-options l2 network_name=phys l2gateway-chassis=hv2
ovn-sbctl set Port_Binding l2 chassis=$(ovn-sbctl --bare --columns=_uuid find Chassis name=hv2)
ovn-nbctl sync
ovn-nbctl lr-add r3 -- lrp-add r3 r3p 0a:00:00:00:00:05 10.0.5.1/24
ovn-nbctl lrp-add r3 r3q 0a:00:00:00:00:06 10.0.6.1/24
ovn-nbctl lrp-set-gateway-chassis r3p hv1 20
ovn-nbctl lrp-set-gateway-chassis r3p hv2 10
ovn-nbctl ls-add s3
ovn-nbctl lsp-add s3 s3r -- lsp-set-type s3r router -- lsp-set-addresses s3r router -- lsp-set-options s3r router-port=r3q
ovn-nbctl lsp-add s3 vt -- lsp-set-type vt vtep -- lsp-set-options vt vtep-physical-switch=tor vtep-logical-switch=ls
ovn-nbctl lsp-add s3 vi -- lsp-set-type vi virtual -- set Logical_Switch_Port vi options:virtual-ip=10.0.6.9 options:virtual-parents=vp
ovn-sbctl set Port_Binding vt chassis=$(ovn-sbctl --bare --columns=_uuid find Chassis name=hv2)
ovn-nbctl sync
ovn-sbctl set Port_Binding vi chassis=$(ovn-sbctl --bare --columns=_uuid find Chassis name=hv1)
ovn-nbctl sync
