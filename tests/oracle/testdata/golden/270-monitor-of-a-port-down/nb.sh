# A backend whose port goes down is offline at once: nobody else would say so.
ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:port-up-notif=true
ovn-nbctl ls-add s
ovn-nbctl lsp-add s p1 -- lsp-set-addresses p1 "0a:00:00:00:00:01 10.0.0.1"
ovn-nbctl lsp-add s p2 -- lsp-set-addresses p2 "0a:00:00:00:00:02 10.0.0.2"
ovn-nbctl lsp-add s p3 -- lsp-set-addresses p3 "0a:00:00:00:00:03 10.0.0.3"
ovn-nbctl lb-add lb1 10.96.0.1:80 10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 tcp -- ls-lb-add s lb1
ovn-nbctl --id=@h create Load_Balancer_Health_Check vip="\"10.96.0.1:80\"" -- add Load_Balancer lb1 health_check @h
for i in 1 2 3; do ovn-nbctl set Load_Balancer lb1 ip_port_mappings:10.0.0.$i=p$i:10.0.0.254; done
ovn-nbctl sync
mon() { ovn-sbctl set Service_Monitor $(ovn-sbctl --bare --columns=_uuid find Service_Monitor logical_port=$1) status=$2; ovn-nbctl sync; }
ovn-sbctl lsp-bind p1 hv1 -- set Port_Binding p1 up=true
ovn-nbctl sync
ovn-sbctl lsp-bind p2 hv1 -- set Port_Binding p2 up=true
ovn-nbctl sync
mon p1 online
mon p2 online
mon p3 online
ovn-sbctl set Port_Binding p1 up=false
ovn-nbctl sync
ovn-sbctl lsp-unbind p2
ovn-nbctl sync
