ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-sbctl chassis-add hv2 geneve 192.168.0.2 -- set Chassis hv2 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv2 -- create Chassis_Private name=hv2 chassis=@c
ovn-nbctl sync
# The chassis that a machine migrates to refers to the group of the gateway too.
ovn-nbctl lr-add r1 -- lrp-add r1 r1p 0a:00:00:00:00:01 10.0.1.1/24
ovn-nbctl lrp-add r1 r1q 0a:00:00:00:00:02 10.0.2.1/24
ovn-nbctl lrp-set-gateway-chassis r1p hv1 20
ovn-nbctl lrp-set-gateway-chassis r1p hv2 10
ovn-nbctl ls-add s1
ovn-nbctl lsp-add s1 s1r -- lsp-set-type s1r router -- lsp-set-addresses s1r router -- lsp-set-options s1r router-port=r1q
ovn-nbctl lsp-add s1 p1 -- lsp-set-options p1 requested-chassis=hv1,hv2 activation-strategy=rarp
ovn-sbctl set Port_Binding p1 additional_chassis=$(ovn-sbctl --bare --columns=_uuid find Chassis name=hv2)
ovn-nbctl sync
ovn-nbctl lr-add r2 -- lrp-add r2 r2p 0a:00:00:00:00:03 10.0.3.1/24
ovn-nbctl lrp-add r2 r2q 0a:00:00:00:00:04 10.0.4.1/24
ovn-nbctl lrp-set-gateway-chassis r2p hv1 20
ovn-nbctl lrp-set-gateway-chassis r2p hv2 10
ovn-nbctl ls-add s2
ovn-nbctl lsp-add s2 s2r -- lsp-set-type s2r router -- lsp-set-addresses s2r router -- lsp-set-options s2r router-port=r2q
ovn-nbctl lsp-add s2 p2
ovn-sbctl set Port_Binding p2 chassis=$(ovn-sbctl --bare --columns=_uuid find Chassis name=hv1) additional_chassis=$(ovn-sbctl --bare --columns=_uuid find Chassis name=hv2)
ovn-nbctl sync
ovn-sbctl set Port_Binding p2 chassis=$(ovn-sbctl --bare --columns=_uuid find Chassis name=hv2) additional_chassis=[]
ovn-nbctl sync
