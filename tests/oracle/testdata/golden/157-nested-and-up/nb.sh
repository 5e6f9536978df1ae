F="other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true"
chassis() { ovn-sbctl chassis-add $1 geneve $2 -- set Chassis $1 $F -- --id=@c get Chassis $1 -- create Chassis_Private name=$1 chassis=@c >/dev/null; }
chassis hv1 192.168.0.1
ovn-nbctl ls-add sw0
for i in 0 1 2 3 4 5 6 7; do ovn-nbctl lsp-add sw0 p$i -- lsp-set-addresses p$i "0a:00:00:00:00:0$i 10.0.0.$i"; done
ovn-nbctl lsp-add sw0 c0 p7 5; ovn-nbctl lsp-add sw0 c1 p7 6;  ovn-nbctl lsp-add sw0 c2 p7 7; ovn-nbctl lsp-add sw0 c3 p7 8
for i in 0 1 2 3; do ovn-sbctl lsp-bind p$i hv1 -- set Port_Binding p$i up=true;  ovn-sbctl lsp-bind c$i hv1 -- set Port_Binding c$i up=true; done
ovn-nbctl sync
ovn-nbctl set Logical_Switch_Port p0 parent_name=p7 tag_request=9
ovn-nbctl set Logical_Switch_Port p1 parent_name=p7
ovn-nbctl set Logical_Switch_Port p2 tag_request=10
ovn-nbctl set Logical_Switch_Port p3 type=localport
ovn-nbctl set Logical_Switch_Port p4 parent_name=p7
ovn-nbctl clear Logical_Switch_Port c0 parent_name
ovn-nbctl set Logical_Switch_Port c1 parent_name=p6
ovn-nbctl set Logical_Switch_Port c2 tag_request=17
ovn-nbctl clear Logical_Switch_Port c3 tag_request
ovn-nbctl sync
ovn-nbctl ls-add sw1
for i in 0 1 2 3 4 5; do ovn-nbctl lsp-add sw1 u$i -- lsp-set-addresses u$i "0a:00:00:00:00:0$i 10.0.0.$i"; done
for i in 0 1 2 3; do ovn-sbctl lsp-bind u$i hv1 -- set Port_Binding u$i up=true; done
ovn-nbctl sync
ovn-sbctl clear Port_Binding u0 up
ovn-sbctl clear Port_Binding u1 chassis
ovn-sbctl set Port_Binding u2 up=false
ovn-sbctl clear Port_Binding u4 up
ovn-nbctl sync
ovn-nbctl sync
ovn-nbctl sync
