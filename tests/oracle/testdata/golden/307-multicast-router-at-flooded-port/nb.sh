ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-nbctl lr-add r0
ovn-nbctl set Logical_Router r0 options:mcast_relay=true
ovn-nbctl ls-add sw1 -- set Logical_Switch sw1 other_config:mcast_snoop=true
ovn-nbctl lsp-add sw1 p1 -- lsp-set-addresses p1 unknown -- lsp-set-options p1 mcast_flood=true
ovn-nbctl lsp-add sw1 q1 -- lsp-set-addresses q1 unknown
ovn-nbctl ls-add sw2 -- set Logical_Switch sw2 other_config:mcast_snoop=true
ovn-nbctl lsp-add sw2 p2 -- lsp-set-addresses p2 unknown -- lsp-set-options p2 mcast_flood=true
ovn-nbctl lsp-add sw2 q2 -- lsp-set-addresses q2 unknown
ovn-nbctl ls-add sw3 -- set Logical_Switch sw3 other_config:mcast_snoop=true
ovn-nbctl lsp-add sw3 p3 -- lsp-set-addresses p3 unknown -- lsp-set-options p3 mcast_flood=true
ovn-nbctl lsp-add sw3 q3 -- lsp-set-addresses q3 unknown
ovn-nbctl lrp-add r0 r0-sw3 0a:00:00:00:ff:03 10.0.3.1/24 -- lsp-add sw3 sw3-r0 -- lsp-set-type sw3-r0 router -- lsp-set-addresses sw3-r0 router -- lsp-set-options sw3-r0 router-port=r0-sw3
ovn-nbctl sync
ovn-sbctl --id=@c get Chassis hv1 -- --id=@d get Datapath_Binding $(ovn-sbctl --bare --columns=_uuid find Datapath_Binding external_ids:name=sw1) -- --id=@p get Port_Binding p1 -- create IGMP_Group address=mrouters datapath=@d chassis=@c chassis_name=hv1 ports=@p
ovn-sbctl --id=@c get Chassis hv1 -- --id=@d get Datapath_Binding $(ovn-sbctl --bare --columns=_uuid find Datapath_Binding external_ids:name=sw2) -- --id=@p get Port_Binding p2 -- --id=@q get Port_Binding q2 -- create IGMP_Group address=mrouters datapath=@d chassis=@c chassis_name=hv1 ports=@p,@q
ovn-sbctl --id=@c get Chassis hv1 -- --id=@d get Datapath_Binding $(ovn-sbctl --bare --columns=_uuid find Datapath_Binding external_ids:name=sw3) -- --id=@p get Port_Binding sw3-r0 -- --id=@q get Port_Binding q3 -- create IGMP_Group address=mrouters datapath=@d chassis=@c chassis_name=hv1 ports=@p,@q
ovn-nbctl sync
