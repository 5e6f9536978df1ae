ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-nbctl lr-add r -- lrp-add r rp 00:00:00:00:00:01 10.0.0.1/24
ovn-nbctl ha-chassis-group-add g1 -- ha-chassis-group-add-chassis g1 hv1 10
ovn-nbctl ls-add s-none -- lsp-add s-none p-none -- set Logical_Switch_Port p-none enabled=false addresses='"00:00:00:00:00:09 10.0.0.9"' port_security='"00:00:00:00:00:09 10.0.0.9"'
ovn-nbctl ls-add s-localnet -- lsp-add s-localnet p-localnet -- set Logical_Switch_Port p-localnet enabled=false addresses='"00:00:00:00:00:09 10.0.0.9"' port_security='"00:00:00:00:00:09 10.0.0.9"'
ovn-nbctl set Logical_Switch_Port p-localnet type=localnet
ovn-nbctl set Logical_Switch_Port p-localnet options:network_name=phys addresses=unknown
ovn-nbctl ls-add s-l2gateway -- lsp-add s-l2gateway p-l2gateway -- set Logical_Switch_Port p-l2gateway enabled=false addresses='"00:00:00:00:00:09 10.0.0.9"' port_security='"00:00:00:00:00:09 10.0.0.9"'
ovn-nbctl set Logical_Switch_Port p-l2gateway type=l2gateway
ovn-nbctl ls-add s-localport -- lsp-add s-localport p-localport -- set Logical_Switch_Port p-localport enabled=false addresses='"00:00:00:00:00:09 10.0.0.9"' port_security='"00:00:00:00:00:09 10.0.0.9"'
ovn-nbctl set Logical_Switch_Port p-localport type=localport
ovn-nbctl ls-add s-external -- lsp-add s-external p-external -- set Logical_Switch_Port p-external enabled=false addresses='"00:00:00:00:00:09 10.0.0.9"' port_security='"00:00:00:00:00:09 10.0.0.9"'
ovn-nbctl set Logical_Switch_Port p-external type=external
ovn-nbctl ls-add s-virtual -- lsp-add s-virtual p-virtual -- set Logical_Switch_Port p-virtual enabled=false addresses='"00:00:00:00:00:09 10.0.0.9"' port_security='"00:00:00:00:00:09 10.0.0.9"'
ovn-nbctl set Logical_Switch_Port p-virtual type=virtual
ovn-nbctl ls-add s-vtep -- lsp-add s-vtep p-vtep -- set Logical_Switch_Port p-vtep enabled=false addresses='"00:00:00:00:00:09 10.0.0.9"' port_security='"00:00:00:00:00:09 10.0.0.9"'
ovn-nbctl set Logical_Switch_Port p-vtep type=vtep
ovn-nbctl ls-add s-remote -- lsp-add s-remote p-remote -- set Logical_Switch_Port p-remote enabled=false addresses='"00:00:00:00:00:09 10.0.0.9"' port_security='"00:00:00:00:00:09 10.0.0.9"'
ovn-nbctl set Logical_Switch_Port p-remote type=remote
ovn-nbctl ls-add s-router -- lsp-add s-router p-router -- set Logical_Switch_Port p-router enabled=false addresses='"00:00:00:00:00:09 10.0.0.9"' port_security='"00:00:00:00:00:09 10.0.0.9"'
ovn-nbctl set Logical_Switch_Port p-router type=router
ovn-nbctl set Logical_Switch_Port p-router options:router-port=rp
ovn-nbctl ls-add s-nonsense -- lsp-add s-nonsense p-nonsense -- set Logical_Switch_Port p-nonsense enabled=false addresses='"00:00:00:00:00:09 10.0.0.9"' port_security='"00:00:00:00:00:09 10.0.0.9"'
ovn-nbctl set Logical_Switch_Port p-nonsense type=nonsense
ovn-nbctl set Logical_Switch_Port p-external ha_chassis_group=$(ovn-nbctl --bare --columns=_uuid list HA_Chassis_Group)
ovn-nbctl lsp-add s-none q1
ovn-nbctl lsp-add s-none q2
ovn-sbctl create FDB mac='"0a:00:00:00:03:21"' dp_key=$(ovn-sbctl --bare --columns=tunnel_key find Datapath_Binding external_ids:name=s-none) port_key=3 timestamp=9999999999999
ovn-nbctl set Logical_Switch_Port q2 parent_name=p-none
ovn-nbctl ls-add fdb1 -- lsp-add fdb1 f1
ovn-nbctl set Logical_Switch fdb1 other_config:requested-tnl-key=500
ovn-sbctl create FDB mac='"0a:00:00:00:03:22"' dp_key=500 port_key=1 timestamp=9999999999999
ovn-nbctl set Logical_Switch fdb1 other_config:requested-tnl-key=501
ovn-sbctl create FDB mac='"0a:00:00:00:03:23"' dp_key=501 port_key=1 timestamp=9999999999999
ovn-nbctl set Logical_Switch_Port p-router options:disable_arp_nd_rsp=true
ovn-nbctl set Logical_Switch_Port p-router enabled=true addresses=router
