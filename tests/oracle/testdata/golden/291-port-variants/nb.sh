# Which changes make a port another one to its chassis, so that it is bound nowhere any more.
ovn-sbctl chassis-add hv1 geneve 192.168.0.1
ovn-nbctl ls-add s -- lsp-add s parent
ovn-nbctl lsp-add s parent2
for p in l1 v1 v2 n1 n2 n3 n4 n5 n6; do ovn-nbctl lsp-add s $p; done
ovn-nbctl lsp-set-type l1 localnet -- lsp-set-options l1 network_name=phys
ovn-nbctl set Logical_Switch_Port n2 parent_name=parent tag_request=5
ovn-nbctl set Logical_Switch_Port n3 parent_name=parent tag_request=6
ovn-nbctl set Logical_Switch_Port n4 parent_name=parent tag_request=7
ovn-nbctl sync
for p in l1 v1 v2 n1 n2 n3 n4 n5 n6; do ovn-sbctl lsp-bind $p hv1 -- set Port_Binding $p up=true; done; ovn-nbctl sync
ovn-nbctl set Logical_Switch_Port l1 parent_name=parent tag_request=47
ovn-nbctl lsp-set-type v1 virtual
ovn-nbctl lsp-set-type v2 localport
ovn-nbctl lsp-set-type n5 vtep
ovn-nbctl set Logical_Switch_Port n1 parent_name=parent tag_request=8
ovn-nbctl clear Logical_Switch_Port n2 parent_name tag_request
ovn-nbctl set Logical_Switch_Port n3 parent_name=parent2
ovn-nbctl set Logical_Switch_Port n4 tag_request=9
ovn-nbctl set Logical_Switch_Port n6 parent_name='""' tag_request=10
